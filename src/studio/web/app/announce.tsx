import { useEffect, useState } from 'preact/hooks';

let tell: (text: string) => void = () => {};

/** Says something to those who do not see the page: what they did, and what they must know. Not what goes on by itself. */
export function announce(text: string): void {
  tell(text);
}

export function Announcer() {
  const [text, setText] = useState('');
  useEffect(() => {
    tell = setText;
  }, []);
  return (
    <div class="visually-hidden" role="status" aria-live="polite">
      {text}
    </div>
  );
}
