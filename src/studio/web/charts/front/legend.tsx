import type { FrontPicture } from '../../../view/index.js';

/** What the shapes of the chart mean. */
export function FrontLegend({ picture: { x, y } }: { picture: FrontPicture }) {
  const isLimited = x.limit !== undefined || y.limit !== undefined;
  return (
    <ul class="legend">
      <li>
        <span class="mark mark-front" /> on the front
      </li>
      <li>
        <span class="mark mark-other" /> other models
      </li>
      <li>
        <span class="mark mark-baseline" /> the original
      </li>
      <li>
        <span class="mark mark-line" /> nothing beats these in the two measures
      </li>
      {isLimited && (
        <li>
          <span class="mark mark-limit" /> limit
        </li>
      )}
    </ul>
  );
}
