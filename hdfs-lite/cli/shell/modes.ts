/** Modes as chmod takes them: octal, or clauses like u+rwX,g-w,o=r,+t. */
const OCTAL = /^\s*\+?([01]?)([0-7]{3})\s*$/
const CLAUSES = /^(?:\s*[ugoa]*[+=-]+[rwxXt]+[,\s]*)+$/
const CLAUSE = /\s*([ugoa]*)([+=-]+)([rwxXt]+)[,\s]*/g
const STICKY = 0o1000

/** @returns how a mode changes; undefined when the text is no mode */
export function parseMode(text: string): ((mode: number, isDirectory: boolean) => number) | undefined {
  const octal = OCTAL.exec(text)
  if (octal) {
    const given = Number.parseInt(octal[2]!, 8)
    return () => given | (octal[1] === '1' ? STICKY : 0)
  }
  if (!CLAUSES.test(text)) return undefined
  const clauses = [...text.matchAll(CLAUSE)].map(([, who, operators, what]) => ({ who: who!, operator: operators!.at(-1)!, what: what! }))
  return (mode, isDirectory) => clauses.reduce((m, c) => applied(m, c, isDirectory), mode)
}

function applied(mode: number, { who, operator, what }: { who: string; operator: string; what: string }, isDirectory: boolean): number {
  const executable = isDirectory || (mode & 0o111) !== 0
  let bits = (what.includes('r') ? 4 : 0) | (what.includes('w') ? 2 : 0) | (what.includes('x') || (what.includes('X') && executable) ? 1 : 0)
  const all = who === '' || who.includes('a')
  const shifts = [...(all || who.includes('u') ? [6] : []), ...(all || who.includes('g') ? [3] : []), ...(all || who.includes('o') ? [0] : [])]
  let mask = 0
  let change = 0
  for (const shift of shifts) {
    mask |= 7 << shift
    change |= bits << shift
  }
  bits = what.includes('t') && (all || who.includes('o')) ? STICKY : 0
  if (operator === '+') return mode | change | bits
  if (operator === '-') return mode & ~change & ~bits
  return (mode & ~mask) | change | (what.includes('t') ? bits : mode & STICKY)
}
