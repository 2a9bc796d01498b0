/** How the pages look and stay fresh: two files that every page names, kept by the browser. */
import { createHash } from 'node:crypto'

export const STYLE = `
:root{color-scheme:light dark;--back:#f6f7f9;--card:#fff;--text:#1b2330;--faint:#5c6675;--line:#dfe3e9;--link:#1257b8;--focus:#1257b8;
--used:#2b8a5f;--over:#c77700;--own:#dbe8e1;--may:#ebeef2;--good:#1d7048;--goodback:#e0f2e8;--bad:#b3261e;--badback:#fbe6e4;--wait:#8a5300;--waitback:#fdf0d8;--calm:#48525f;--calmback:#e8ebef}
@media(prefers-color-scheme:dark){:root{--back:#12161c;--card:#1a2028;--text:#e4e9f0;--faint:#9aa6b5;--line:#2c3540;--link:#82b4ff;--focus:#82b4ff;
--used:#3fb27f;--over:#e39b2d;--own:#2b3f37;--may:#262e38;--good:#7fd6a9;--goodback:#173528;--bad:#ff9d94;--badback:#43201d;--wait:#f3c06b;--waitback:#3d2f14;--calm:#b5c0cd;--calmback:#2a323c}}
*{box-sizing:border-box}
body{font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;margin:0;background:var(--back);color:var(--text);overflow-wrap:break-word}
a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}:focus-visible{outline:2px solid var(--focus);outline-offset:2px;border-radius:3px}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:.5rem;background:var(--card);padding:.3rem .6rem;z-index:1}
header{background:var(--card);border-bottom:1px solid var(--line)}
header>div{max-width:96rem;margin:auto;padding:.7rem 1.2rem;display:flex;flex-wrap:wrap;gap:.2rem 1.4rem;align-items:center}
header b{font-size:1.05rem;margin-right:.4rem}nav{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem}nav a{padding:.2rem 0;color:var(--faint)}nav a[aria-current]{color:var(--text);font-weight:600;box-shadow:0 2px var(--link)}
#live{margin-left:auto;color:var(--faint);font-size:.85rem}#live::before{content:"";display:inline-block;width:.55rem;height:.55rem;border-radius:50%;background:var(--used);margin-right:.4rem}#live.lost::before{background:var(--bad)}
main{max-width:96rem;margin:auto;padding:1rem 1.2rem 3rem}
h1{font-size:1.35rem;margin:.4rem 0 1rem;display:flex;flex-wrap:wrap;gap:.3rem .7rem;align-items:center}h2{font-size:1.05rem;margin:1.8rem 0 .6rem}
.faint,.empty{color:var(--faint)}.empty{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:1.4rem;margin:.4rem 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.7rem;margin:0 0 1.2rem}
.tiles>div{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.6rem .8rem}.tiles b{display:block;font-size:1.35rem;line-height:1.25;font-variant-numeric:tabular-nums}.tiles span{color:var(--faint);font-size:.85rem}
.tiles .bar{margin-top:.35rem}
.tools{display:flex;flex-wrap:wrap;gap:.6rem 1rem;align-items:center;margin:0 0 .8rem}.chips{display:flex;flex-wrap:wrap;gap:.4rem}
.chips a{border:1px solid var(--line);background:var(--card);border-radius:99px;padding:.15rem .75rem;color:var(--text);font-size:.9rem}.chips a[aria-current]{border-color:var(--link);box-shadow:inset 0 0 0 1px var(--link)}.chips b{font-variant-numeric:tabular-nums}
input[type=search]{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.35rem .7rem;min-width:0;width:22rem;max-width:100%}
table{border-collapse:collapse;width:100%;background:var(--card);border:1px solid var(--line);border-radius:8px;overflow:hidden}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
th{font-weight:600;color:var(--faint);font-size:.82rem;text-align:left;white-space:nowrap}th a{color:inherit}th[aria-sort=descending] a::after{content:" ↓"}th[aria-sort=ascending] a::after{content:" ↑"}
td,th{padding:.5rem .7rem;border-bottom:1px solid var(--line);vertical-align:top}tbody tr:last-child td{border-bottom:0}tbody tr:hover{background:color-mix(in srgb,var(--link) 5%,transparent)}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}td.main{min-width:15.5rem}td.text{min-width:14rem;font-size:.9rem}td>time{white-space:nowrap}td.main,td.text,dd,pre,h1,h2,.queue span{overflow-wrap:anywhere}td small{display:block;color:var(--faint)}
.badge{display:inline-block;border-radius:99px;padding:.05rem .6rem;font-size:.82rem;font-weight:600;white-space:nowrap;background:var(--calmback);color:var(--calm)}
.RUNNING,.SUCCEEDED,.ALLOCATED{background:var(--goodback);color:var(--good)}.FAILED,.KILLED,.LOST,.UNHEALTHY,.REJECTED{background:var(--badback);color:var(--bad)}.ACCEPTED,.SUBMITTED,.RESERVED,.SKIPPED,.STOPPED,.DRAINING,.DECOMMISSIONING{background:var(--waitback);color:var(--wait)}
.bar{display:block;width:100%;height:.6rem;border-radius:4px;min-width:5rem;background:transparent}td>.bar:only-child{margin-top:.45rem}.bar .may{fill:var(--may)}.bar .own{fill:var(--own)}.bar .used{fill:var(--used)}.bar .over{fill:var(--over)}.bar .mark{fill:var(--text)}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.7rem 1.4rem;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:1rem;margin:0}dt{color:var(--faint);font-size:.82rem}dd{margin:0}
pre{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.8rem 1rem;margin:0;white-space:pre-wrap;font:13px/1.5 ui-monospace,Menlo,Consolas,monospace}
.why{border-left:4px solid var(--over)}
.pages{display:flex;gap:1rem;margin:.9rem 0;color:var(--faint)}
.queue{background:var(--card);border:1px solid var(--line);border-radius:8px;margin:.5rem 0;padding:.7rem .9rem}.queue .line{display:grid;grid-template-columns:minmax(10rem,1.2fr) 2fr minmax(14rem,1.6fr);gap:.3rem 1.2rem;align-items:center}
.queue h2{font-size:1rem;margin:0;display:flex;gap:.6rem;align-items:center;flex-wrap:wrap}.queue .line .bar{height:.95rem}.queue details{margin-top:.5rem}.queue summary{color:var(--faint);font-size:.88rem;cursor:pointer}.queue details>*+*{margin-top:.6rem}.queue dl{border:0;padding:.2rem 0}
.level{margin-left:1.3rem;border-left:2px solid var(--line);padding-left:.9rem}.legend{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;color:var(--faint);font-size:.88rem;margin:0 0 .8rem}.legend i{display:inline-block;width:.9rem;height:.7rem;border-radius:2px;margin-right:.35rem;vertical-align:-1px}
.legend .used{background:var(--used)}.legend .over{background:var(--over)}.legend .own{background:var(--own)}.legend .may{background:var(--may)}
@media(max-width:62rem){th.minor,td.minor{display:none}}
@media(max-width:46rem){header>div,main{padding-left:.8rem;padding-right:.8rem}nav{order:3;flex:1 1 100%}
table{border:0;background:none;overflow:visible}thead{display:none}tbody,tr,td{display:block}tbody tr{background:var(--card);border:1px solid var(--line);border-radius:8px;margin:0 0 .6rem;padding:.5rem .8rem}
td,td.minor{display:flex;gap:.8rem;border:0;padding:.12rem 0;text-align:left;white-space:normal;justify-content:space-between;align-items:center}td>:only-child{min-width:0}td::before{content:attr(data-head);color:var(--faint);font-size:.85rem;flex:none}
td.main{display:block;font-weight:600;min-width:0}td.main::before{content:none}td.minor{display:none}td.text{display:block;min-width:0}td.text::before{display:block}td small{font-weight:400}td .bar{max-width:9rem}td>.bar:only-child{margin-top:0}
.number{text-align:right}dl{grid-template-columns:1fr 1fr;padding:.8rem}.queue .line{grid-template-columns:1fr}.level{margin-left:.3rem;padding-left:.6rem}input[type=search]{width:100%}form{flex:1 1 100%}.tiles{grid-template-columns:1fr 1fr 1fr;gap:.5rem}.tiles>div{padding:.45rem .6rem}.tiles b{font-size:1.15rem}}
`

/**
 * Asks for the page's content again while it is looked at, and changes only what differs: what is focused, selected or scrolled stays.
 * Times go on by themselves; a search is made while it is typed.
 */
export const SCRIPT = `
const two=n=>String(n).padStart(2,'0')
let skew=0,tag='',busy=false
const span=ms=>{const s=Math.max(Math.floor(ms/1000),0);return s<60?s+' s':s<3600?Math.floor(s/60)+' min '+s%60+' s':s<86400?Math.floor(s/3600)+' h '+Math.floor(s%3600/60)+' min':Math.floor(s/86400)+' d '+Math.floor(s%86400/3600)+' h'}
function times(){
  for(const t of document.querySelectorAll('time[data-since]')){const text=span(Date.now()+skew-t.dataset.since);if(t.textContent!==text)t.textContent=text}
  for(const t of document.querySelectorAll('time[data-at]:not([title])')){const d=new Date(+t.dataset.at);t.title=t.dateTime;t.textContent=d.getFullYear()+'-'+two(d.getMonth()+1)+'-'+two(d.getDate())+' '+two(d.getHours())+':'+two(d.getMinutes())+':'+two(d.getSeconds())}
}
const same=(a,b)=>a.nodeType===b.nodeType&&a.nodeName===b.nodeName&&(a.id||'')===(b.id||'')&&(a.dataset?.at||'')===(b.dataset?.at||'')
function morph(now,next){
  if(now.isEqualNode(next))return
  if(now.nodeType!==1){if(now.nodeValue!==next.nodeValue)now.nodeValue=next.nodeValue;return}
  if(now.matches('time[data-at]'))return
  for(const a of[...now.attributes])if(!next.hasAttribute(a.name)&&!(a.name==='open'&&now.nodeName==='DETAILS'))now.removeAttribute(a.name)
  for(const a of next.attributes)if(now.getAttribute(a.name)!==a.value)now.setAttribute(a.name,a.value)
  if(now.matches('time[data-since]'))return
  const keyed=new Map();for(const c of now.children)if(c.id)keyed.set(c.id,c)
  let at=now.firstChild
  for(const c of[...next.childNodes]){
    const old=c.id&&keyed.get(c.id)
    if(old){if(old!==at)now.insertBefore(old,at);else at=at.nextSibling;morph(old,c)}
    else if(at&&same(at,c)){const here=at;at=at.nextSibling;morph(here,c)}
    else now.insertBefore(c,at)
  }
  while(at){const gone=at;at=at.nextSibling;gone.remove()}
}
async function refresh(){
  if(busy)return
  busy=true
  const live=document.getElementById('live')
  try{
    const asked=location.href
    const r=await fetch(asked,{headers:{'x-live':tag||'none'},cache:'no-store'})
    if(r.ok&&r.status!==204&&asked===location.href){
      tag=r.headers.get('x-tag')||''
      skew=+r.headers.get('x-now')-Date.now()
      const next=document.createElement('main');next.id='main';next.tabIndex=-1;next.innerHTML=await r.text()
      if(!getSelection().toString()){morph(document.querySelector('main'),next);times()}
    }
    live.className=r.ok?'':'lost';live.textContent=r.ok?'live':'no answer ('+r.status+')'
  }catch{live.className='lost';live.textContent='no answer'}
  busy=false
}
let typed
document.addEventListener('input',e=>{
  if(!e.target.matches('input[type=search]'))return
  clearTimeout(typed)
  typed=setTimeout(()=>{const url=new URL(location.href);url.searchParams.delete('page');if(e.target.value)url.searchParams.set('q',e.target.value);else url.searchParams.delete('q');history.replaceState(null,'',url);tag='';refresh()},150)
})
setInterval(times,1000)
setInterval(()=>{if(!document.hidden)refresh()},1500)
document.addEventListener('visibilitychange',()=>{if(!document.hidden)refresh()})
times();refresh()
`

const named = (text: string, kind: string) => `/static/${createHash('sha256').update(text).digest('hex').slice(0, 12)}.${kind}`

/** Under names that change with their content. */
export const STYLE_PATH = named(STYLE, 'css')
export const SCRIPT_PATH = named(SCRIPT, 'js')
