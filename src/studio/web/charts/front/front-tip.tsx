import type { FrontPicture, FrontPoint } from '../../../view/index.js';

const ROLES = { baseline: 'The original', front: 'On the front', other: 'Not on the front' } as const;

/** "prune 0.5, on the front, File size 12 KB, accuracy 98%". */
export function pointInWords({ model, role, x, y }: FrontPoint, picture: FrontPicture): string {
  const { measure: first } = picture.x;
  const { measure: second } = picture.y;
  return `${model.label}, ${ROLES[role].toLowerCase()}, ${first.label} ${first.format(x)}, ${second.label} ${second.format(y)}`;
}

export interface FrontTipProps {
  readonly point: FrontPoint;
  readonly picture: FrontPicture;
  /** Pixels. */
  readonly place: { readonly x: number; readonly y: number };
  readonly width: number;
}

/** What the pointer or the keys are at. */
export function FrontTip({ point, picture, place, width }: FrontTipProps) {
  const { model, role, x, y } = point;
  const side = place.x > width / 2 ? { right: `${width - place.x + 14}px` } : { left: `${place.x + 14}px` };
  return (
    <>
      <div class="cursor" aria-hidden="true" style={{ left: `${place.x}px`, top: `${place.y}px` }} />
      <div class="tip" aria-hidden="true" style={{ ...side, top: `${Math.max(0, place.y - 30)}px` }}>
        <b>{model.label}</b>
        <span class="quiet">
          {ROLES[role]}
          {model.trial !== undefined && ` · trial ${model.trial}`}
        </span>
        <dl>
          <dt>{picture.x.measure.label}</dt>
          <dd>{picture.x.measure.format(x)}</dd>
          <dt>{picture.y.measure.label}</dt>
          <dd>{picture.y.measure.format(y)}</dd>
        </dl>
      </div>
    </>
  );
}
