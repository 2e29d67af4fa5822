/** The page's one style sheet; colours are variables, so that charts follow light and dark as well. */
export const styleSheet = `
:root{color-scheme:light dark;--paper:#fbfaf7;--card:#fff;--ink:#1d2025;--soft:#5d6470;--line:#e2dfd8;--grid:#ebe8e1;
--accent:#0f6f78;--accent-soft:#cfe4e4;--warm:#b4541a;--warm-soft:#f3dfcd;--third:#6a5aa8;--fourth:#7c7a2d;--good:#1f7a46;--doubt:#8a5a00}
@media (prefers-color-scheme:dark){:root{--paper:#14171a;--card:#1b1f23;--ink:#e9e7e2;--soft:#9aa2ac;--line:#2e343a;--grid:#262b31;
--accent:#5cc0c4;--accent-soft:#1f4447;--warm:#e8935a;--warm-soft:#4a2f1e;--third:#a99be6;--fourth:#c2bf63;--good:#6fce97;--doubt:#e3b65c}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main,header.top,footer{max-width:70rem;margin:0 auto;padding:0 1.25rem}
header.top{padding-top:3rem}
h1,h2{font-family:"Iowan Old Style","Palatino Linotype",Palatino,"Book Antiqua",Georgia,serif;font-weight:600;letter-spacing:-.01em;line-height:1.15}
h1{font-size:clamp(1.9rem,5vw,2.9rem);margin:.2rem 0 .6rem}
h2{font-size:1.65rem;margin:0 0 .35rem}
h3{font-size:1.02rem;margin:1.9rem 0 .5rem}
h4{font-size:.9rem;margin:0;font-weight:600;overflow-wrap:anywhere}
p{margin:.4rem 0;max-width:46rem}
.kicker,dt,th,figcaption,.quiet{color:var(--soft)}
.kicker{font-size:.78rem;letter-spacing:.09em;text-transform:uppercase;margin:0}
.lead{font-size:1.12rem}
.quiet,figcaption,caption{font-size:.86rem}
section{padding:2.6rem 0 .4rem;margin-top:2.4rem;border-top:1px solid var(--line)}
nav{margin:1.4rem 0 0;font-size:.92rem}
nav ol{display:flex;flex-wrap:wrap;gap:.3rem 1.3rem;list-style:none;margin:0;padding:0}
a{color:var(--accent);text-underline-offset:.18em}
a:focus-visible,[tabindex]:focus-visible,summary:focus-visible{outline:2px solid var(--accent);outline-offset:3px}
dl.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr));gap:.9rem 1.5rem;margin:1.3rem 0}
dl.facts dt{font-size:.78rem}
dl.facts dd{margin:0;font-weight:600;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
dl.facts dd.code{font-weight:400}
code,pre,.code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:.84rem}
pre{background:var(--card);border:1px solid var(--line);border-radius:.4rem;padding:.8rem 1rem;overflow-x:auto;margin:.35rem 0 1rem}
.scroll{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.92rem;margin:.6rem 0 1.2rem;min-width:min(100%,34rem)}
caption{text-align:left;color:var(--soft);padding:0 0 .45rem}
caption span{position:sticky;left:0;display:inline-block;max-width:min(46rem,calc(100vw - 2.5rem))}
th,td{text-align:left;padding:.42rem 1.4rem .42rem 0;border-bottom:1px solid var(--line);vertical-align:middle}
thead th{font-weight:500;font-size:.8rem;border-bottom-color:var(--soft);white-space:nowrap}
tbody th{font-weight:500;color:var(--ink)}
td.number,th.number{text-align:right;white-space:nowrap}
tr.own th,tr.own td{font-weight:650}
tbody tr:last-child>*{border-bottom:0}
figure{margin:0;min-width:0}
figcaption{margin-top:.3rem;line-height:1.35}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:1.2rem;margin:1rem 0}
.card{background:var(--card);border:1px solid var(--line);border-radius:.55rem;padding:1rem 1.1rem;min-width:0}
.card+.card{margin-top:1rem}
.charts .card+.card{margin-top:0}
.charts>:only-child{max-width:40rem}
svg{display:block;width:100%;height:auto}
svg text{font-family:inherit}
.sheet{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr));gap:1rem;margin:1rem 0}
.sheet .card+.card{margin-top:0}
.sheet dl.facts{grid-template-columns:repeat(auto-fill,minmax(6rem,1fr));gap:.4rem 1rem;margin:.7rem 0 0;font-size:.86rem}
.row{display:flex;justify-content:space-between;gap:1rem;align-items:baseline;margin-bottom:.55rem}
.film{display:flex;gap:.3rem;overflow-x:auto;padding-bottom:.15rem}
.film figure{flex:1 1 0;min-width:3.6rem;max-width:9rem}
.strip audio{display:block;width:100%;margin-top:.3rem}
.film img,.strip img{display:block;width:100%;height:auto;border-radius:.2rem;background:var(--grid)}
.film figcaption{font-size:.72rem}
.clip{width:100%;border-radius:.2rem;background-color:var(--grid);background-repeat:no-repeat;animation-name:play;animation-iteration-count:infinite}
.clip:hover,.clip:focus{animation-play-state:paused}
@keyframes play{from{background-position:0 0}to{background-position:0 100%}}
@media (prefers-reduced-motion:reduce){.clip{animation-play-state:paused}.clip:hover,.clip:focus{animation-play-state:running}}
.strip{display:grid;grid-auto-flow:column;grid-auto-columns:minmax(4rem,11rem);gap:.6rem;overflow-x:auto;padding-bottom:.2rem}
.strip.few{grid-auto-columns:minmax(4rem,14rem)}
.strip figcaption{font-variant-numeric:tabular-nums}
.curve{margin-top:.7rem}
.sample .side{min-width:0}
.sample .side dl.facts{margin:.6rem 0 0;grid-template-columns:repeat(auto-fill,minmax(7rem,1fr));gap:.4rem 1rem;font-size:.9rem}
@media (min-width:54rem){.sample{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,2fr);gap:0 1.8rem;align-items:center}.sample>.row{grid-column:1/-1;margin-bottom:.35rem}.sample .side .curve{margin:0}}
figure.bars{max-width:36rem}
.side summary{font-size:.86rem;color:var(--soft);margin-top:.5rem;cursor:pointer}
.places{display:grid;grid-template-columns:repeat(auto-fill,minmax(10.5rem,1fr));gap:.5rem 1.4rem;list-style:none;padding:0;margin:.6rem 0}
.places li{min-width:0}
.places .code{display:block;overflow-wrap:anywhere}
.places img,.places .clip{width:9rem;max-width:100%;height:auto;border-radius:.2rem;display:block;margin-bottom:.2rem}
.verdict{border-left:3px solid var(--soft);padding:.15rem 0 .15rem .9rem;margin:1rem 0;font-size:1.04rem}
.verdict.yes{border-color:var(--good)}
.verdict.no{border-color:var(--doubt)}
main section>h4{margin-top:1.6rem}
.standing{font-size:1.12rem;font-weight:600;margin:1rem 0 .4rem}
.standing.yes{color:var(--good)}
.standing.no{color:var(--doubt)}
.query .film figure{flex:0 0 clamp(4.6rem,18vw,7.2rem);max-width:none;border-top:3px solid transparent;padding-top:.3rem}
.query .film figure.own{margin-right:.7rem}
.query .film figure.hit{border-color:var(--good)}
.query .film figure.miss{border-color:var(--doubt)}
.query figcaption{overflow-wrap:anywhere}
.blank{background:var(--grid);border-radius:.2rem;aspect-ratio:4/3;padding:.4rem;font-size:.68rem;overflow:hidden;overflow-wrap:anywhere;color:var(--soft)}
.confusion{max-width:36rem}
.plot{min-width:10rem;width:15rem}
tbody th{min-width:7.5rem}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;list-style:none;margin:.2rem 0 .4rem;padding:0;font-size:.82rem;color:var(--soft)}
.legend span{display:inline-block;width:1.1rem;height:.2rem;border-radius:.1rem;margin-right:.4rem;vertical-align:.22em}
footer{padding:2.5rem 1.25rem 3rem;color:var(--soft);font-size:.84rem}
@media (max-width:34rem){body{font-size:15px}header.top{padding-top:1.8rem}.card{padding:.8rem}th,td{padding-right:1rem}}
@media print{.clip{animation:none}body{background:#fff;color:#000}.card{break-inside:avoid}nav{display:none}}
`;
