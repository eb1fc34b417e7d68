import { chartRules, colorRules } from '../svg/theme.js';

/** The page's look. Colours come from the charts' theme, so that all that is drawn agrees. */
export const styles = `${colorRules(':root')}
:root{--panel:color-mix(in srgb,var(--ground) 100%,transparent);--page:color-mix(in srgb,var(--ground) 94%,var(--ink));--line:var(--grid);
--bad:#b3261e;--warn-ground:#fff4e0;--warn-ink:#6b3d00;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--page:#0b0f0d;--bad:#ff8a80;--warn-ground:#33260f;--warn-ink:#ffd699}}
@media print{:root{--page:#fff;--warn-ground:#fff4e0;--warn-ink:#6b3d00;--bad:#b3261e}}
*{box-sizing:border-box}
[hidden]{display:none!important}
html{-webkit-text-size-adjust:100%}
body{margin:0;overflow-wrap:break-word;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1240px;margin:0 auto;padding:28px 20px 60px}
h1,h2,h3,h4,p,ul,ol,dl,dd,table,figure{margin:0}
h1{font-size:26px;line-height:1.2;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:18px;line-height:1.3;overflow-wrap:anywhere}
h3{font-size:14px;font-weight:650;margin-bottom:10px}
a{color:var(--second)}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:12.5px}
.brand{font-size:12px;font-weight:650;letter-spacing:.08em;text-transform:uppercase;color:var(--front)}
.meta{color:var(--muted);margin-top:4px;overflow-wrap:anywhere}
.quiet{color:var(--muted);font-size:13px}
.warnings{list-style:none;padding:0;margin:18px 0 0;display:grid;gap:6px}
.warnings li{background:var(--warn-ground);color:var(--warn-ink);border-left:4px solid currentColor;border-radius:4px;padding:7px 12px;overflow-wrap:anywhere}
.headline{margin:20px 0 0;font-size:20px;line-height:1.35;font-weight:600;overflow-wrap:anywhere}
.summary{margin-top:8px;padding-left:20px;max-width:100ch;overflow-wrap:anywhere}
.panel{background:var(--panel);border:1px solid var(--line);border-radius:10px;padding:16px 18px;min-width:0}
.board{display:grid;grid-template-columns:minmax(0,1.45fr) minmax(0,1fr);gap:16px;margin-top:22px;
grid-template-areas:"front glance" "table table" "details details"}
.front-panel{grid-area:front;align-self:start}
.table-panel{grid-area:table}
.glance{grid-area:glance}
.details{grid-area:details}
.model{grid-column:1/-1}
.js .model{display:none}
.js .model.selected{display:contents}
.controls{display:flex;flex-wrap:wrap;gap:8px 16px;align-items:center;margin-bottom:8px;font-size:13px}
.controls label{display:inline-flex;gap:6px;align-items:center;color:var(--muted)}
select,button{font:inherit;color:var(--ink);background:var(--ground);border:1px solid var(--line);border-radius:6px;padding:4px 8px}
button{cursor:pointer}
button:hover,select:hover{border-color:var(--muted)}
:focus-visible{outline:2px solid var(--second);outline-offset:2px}
.plot{position:relative}
.plot svg{display:block;width:100%;height:auto}
.js-only{display:none}
.js .js-only{display:flex}
.plot .node{cursor:pointer;outline:none;transition:transform .45s cubic-bezier(.3,0,.2,1)}
.plot .node .rank{fill:var(--ground);font-size:11px;font-weight:700;text-anchor:middle;pointer-events:none}
.plot .node .ring{fill:none;stroke:transparent;stroke-width:2}
.plot .node.selected .ring{stroke:var(--ink)}
.plot .node:focus-visible .ring{stroke:var(--second);stroke-width:3}
@media (prefers-reduced-motion:reduce){.plot .node{transition:none}}
.tip{position:absolute;z-index:2;pointer-events:none;background:var(--ground);border:1px solid var(--muted);border-radius:8px;padding:8px 10px;
font-size:12.5px;box-shadow:0 4px 16px rgb(0 0 0/.18);max-width:min(300px,90%);overflow-wrap:anywhere}
.tip b{display:block;margin-bottom:2px}
.tip dl{display:grid;grid-template-columns:auto auto;gap:0 12px}
.tip dt{color:var(--muted)}
.tip dd{text-align:right;font-variant-numeric:tabular-nums}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:12.5px;color:var(--muted);margin-top:6px}
.legend svg{vertical-align:-2px;margin-right:5px}
.scroll{overflow-x:auto;-webkit-overflow-scrolling:touch}
table{border-collapse:collapse;width:100%;font-size:13.5px}
th,td{padding:6px 10px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap;font-variant-numeric:tabular-nums}
th{font-weight:600;color:var(--muted);vertical-align:bottom}
th:first-child,td:first-child,.left{text-align:left}
tbody th,tbody td{vertical-align:baseline}
tbody tr:last-child>*{border-bottom:0}
.name{white-space:normal;min-width:170px;overflow-wrap:anywhere;font-weight:400;color:var(--ink)}
thead button{all:unset;cursor:pointer;font-weight:600}
thead button:hover{color:var(--ink)}
thead button:focus-visible{outline:2px solid var(--second);outline-offset:2px;border-radius:3px}
thead [aria-sort] button::after{content:" \\2195";opacity:.35}
thead [aria-sort=ascending] button::after{content:" \\2191";opacity:1}
thead [aria-sort=descending] button::after{content:" \\2193";opacity:1}
.models{font-size:13px}
.models th,.models td{padding:6px 8px}
.board .models tbody tr{cursor:pointer}
.models tbody tr:hover{background:color-mix(in srgb,var(--front) 7%,transparent)}
.models tbody tr.selected{background:color-mix(in srgb,var(--front) 14%,transparent)}
.models tr.other{color:var(--muted)}
.models small{margin-left:6px;color:var(--muted)}
.models small.good{color:var(--front)}
.models small.bad{color:var(--bad)}
.grid th[scope=row]{white-space:normal}
.badge{display:inline-block;min-width:20px;padding:0 6px;border-radius:10px;font-size:11.5px;line-height:20px;font-weight:700;text-align:center;
background:var(--front);color:var(--ground)}
.badge.baseline{background:var(--baseline)}
.badge.other{background:none;color:var(--muted)}
.good{color:var(--front)}
.bad{color:var(--bad)}
.glance header{display:flex;gap:10px;align-items:flex-start}
.glance header .badge{margin-top:3px;flex:none}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(118px,1fr));gap:10px;margin:14px 0}
.tile{border:1px solid var(--line);border-radius:8px;padding:8px 10px;min-width:0}
.tile dt{font-size:12px;color:var(--muted)}
.tile dd{font-size:19px;font-weight:650;font-variant-numeric:tabular-nums;line-height:1.3}
.tile dd small{display:block;font-size:12px;font-weight:500}
.steps{padding-left:22px;display:grid;gap:4px;overflow-wrap:anywhere}
.steps .quiet{display:block}
.actions{display:flex;flex-wrap:wrap;align-items:center;gap:8px 12px;margin-top:12px;font-size:13px}
.grid{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:16px;margin-top:14px}
.grid .wide{grid-column:1/-1}
.grid .chart{width:100%;max-width:520px;height:auto;display:block}
.pair{display:grid;grid-template-columns:minmax(84px,auto) 1fr;gap:4px 12px;align-items:center;font-size:13px}
.pair+.pair{margin-top:12px}
.pair .what{font-weight:600;grid-column:1/-1;display:flex;justify-content:space-between;gap:10px}
.track{display:flex;align-items:center;gap:8px;grid-column:1/-1;font-variant-numeric:tabular-nums}
.track i{display:block;height:9px;border-radius:2px;min-width:2px;background:var(--soft)}
.track.after i{background:var(--front)}
.meter{min-width:110px}
.track span{white-space:nowrap;color:var(--muted);font-size:12.5px}
.confusion td,.confusion th{padding:3px 6px;text-align:center;font-size:12px;border:1px solid var(--line)}
.confusion{width:auto}
.samples{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:12px}
.sample{margin:0;font-size:13px}
.sample img{width:100%;max-height:150px;object-fit:contain;image-rendering:pixelated;background:var(--page);border-radius:4px}
.sample blockquote{margin:0;padding:8px;background:var(--page);border-radius:4px;overflow-wrap:anywhere}
.facts{display:grid;grid-template-columns:fit-content(45%) minmax(0,1fr);gap:2px 16px;font-size:13.5px}
.facts dt{color:var(--muted);overflow-wrap:anywhere}
.facts dd{overflow-wrap:anywhere}

.panel>p.quiet{margin-bottom:8px}
details summary{cursor:pointer;font-weight:600}
.failures{padding-left:20px;display:grid;gap:8px;margin-top:8px;overflow-wrap:anywhere}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--page);border-radius:6px;padding:10px;margin:8px 0 0}
.run,main>.panel{margin-top:16px}
.visually-hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media (max-width:860px){
main{padding:18px 12px 40px}
.board{grid-template-columns:minmax(0,1fr);grid-template-areas:"front" "glance" "table" "details"}
.grid{grid-template-columns:minmax(0,1fr)}
.panel{padding:13px 12px}
.grid td,.grid th{white-space:normal;padding:6px 5px}
.headline{font-size:18px}
}
@media print{
body{font-size:12px}
main{max-width:none;padding:0}
.board,.grid{display:block}
.panel{break-inside:avoid;margin-bottom:12px}
.js .model.front,.js .model.baseline{display:block;break-before:page}
.controls,.actions,.js .js-only{display:none}
.scroll{overflow:visible}
.models{font-size:10px}
.models th,.models td{white-space:normal;padding:3px 4px}
.models small{display:block}
.models .name{min-width:0}
.models thead button::after{content:none!important}
}
${chartRules}`;
