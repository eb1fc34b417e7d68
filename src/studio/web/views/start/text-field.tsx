import { useId } from 'preact/hooks';

export interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly hint: string;
  readonly isBad?: boolean;
  readonly onInput: (text: string) => void;
}

export function TextField({ label, value, hint, isBad, onInput }: TextFieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="text"
        value={value}
        aria-describedby={`${id}-hint`}
        aria-invalid={isBad === true}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      <span id={`${id}-hint`} class={isBad ? 'bad' : 'quiet'}>
        {hint}
      </span>
    </div>
  );
}
