/** What a person finds at the JobManager's address: jobs with their tasks, TaskManagers and their slots, read from the REST endpoint beside it. */
import type { FastifyInstance } from 'fastify'

// Paths are relative: the page also stands behind the ResourceManager's /proxy/APPLICATION/.
const PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>Flink</title><link rel="icon" href="data:,">
<style>:root{color-scheme:light dark;--line:#8885;--faint:GrayText}body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;padding:1rem;max-width:70rem;overflow-wrap:anywhere}h1{font-size:1.3rem;margin:.2rem 0}h2{font-size:1.05rem;margin:1.6rem 0 .5rem}
.faint{color:var(--faint)}.job,.tm{border:1px solid var(--line);border-radius:8px;padding:.6rem .9rem;margin:.5rem 0}.job summary{cursor:pointer;display:flex;flex-wrap:wrap;gap:.2rem 1rem;align-items:baseline}.job b{flex:1 1 12rem}
.state{font-size:.82rem;font-weight:600;border:1px solid;border-radius:99px;padding:0 .6rem}.RUNNING,.FINISHED{color:#1d7f52}.FAILED,.FAILING,.CANCELED{color:#c5372c}ul{margin:.5rem 0;padding-left:1.2rem}</style></head><body>
<h1>Flink</h1><p class="faint" id="overview" role="status"></p><h2>Jobs</h2><div id="jobs"></div><h2>TaskManagers</h2><div id="managers"></div>
<p class="faint"><a href="overview">overview</a> · <a href="jobmanager/config">configuration</a> · <a href="jobmanager/log">log of the JobManager</a></p>
<script>
const make=(name,text,className)=>{const e=document.createElement(name);if(text!==undefined)e.textContent=text;if(className)e.className=className;return e}
const read=async path=>{const r=await fetch(path);if(!r.ok)throw new Error(path+': '+r.status);return r.json()}
const span=ms=>{const s=Math.max(Math.floor(ms/1000),0);return s<60?s+' s':s<3600?Math.floor(s/60)+' min '+s%60+' s':Math.floor(s/3600)+' h '+Math.floor(s%3600/60)+' min'}
const open=new Set
async function show(){
  try{
    const[o,{jobs},{taskmanagers}]=await Promise.all([read('overview'),read('jobs/overview'),read('taskmanagers')])
    overview.textContent=o['flink-version']+' · '+o['jobs-running']+' jobs running, '+o['jobs-finished']+' finished, '+o['jobs-failed']+' failed · '+o['slots-available']+' of '+o['slots-total']+' slots free'
    const details=new Map(await Promise.all([...open].map(async id=>[id,await read('jobs/'+id).catch(()=>undefined)])))
    document.getElementById('jobs').replaceChildren(...(jobs.length?jobs.map(j=>{
      const d=make('details',undefined,'job'),s=make('summary');d.id=j.jid;d.open=open.has(j.jid)
      s.append(make('b',j.name),make('span',j.state,'state '+j.state),make('span',span(j.duration)),make('span',j.tasks.running+' of '+j.tasks.total+' tasks running','faint'))
      const list=make('ul');for(const v of details.get(j.jid)?.vertices||[])list.append(make('li',v.name+' · '+v.parallelism+' parallel · '+v.status))
      d.append(s,list);d.addEventListener('toggle',()=>{if(d.open===open.has(j.jid))return;if(d.open)open.add(j.jid);else open.delete(j.jid);show()})
      return d}):[make('p','No job yet.','faint')]))
    managers.replaceChildren(...(taskmanagers.length?taskmanagers.map(t=>{const e=make('div',undefined,'tm');e.append(make('b',t.id),make('div',t.freeSlots+' of '+t.slotsNumber+' slots free','faint'));const a=make('a','output');a.href='taskmanagers/'+encodeURIComponent(t.id)+'/stdout';a.setAttribute('aria-label','Output of '+t.id);e.append(a);return e}):[make('p','None now: they come as jobs need slots.','faint')]))
  }catch(e){overview.textContent='no answer: '+e.message}
}
const overview=document.getElementById('overview'),managers=document.getElementById('managers')
setInterval(()=>{if(!document.hidden&&!document.activeElement.matches('summary:active'))show()},2000);show()
</script></body></html>`

export function pageRoutes(app: FastifyInstance): void {
  for (const path of ['/', '/index.html']) app.get(path, (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE))
}
