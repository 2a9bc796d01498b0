/** Dates as Hadoop writes them in diagnostics, in UTC; from the step's time, so without a clock. */
const DAYS = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const two = (n: number) => String(n).padStart(2, '0')

/** `Sat Nov 21 05:41:58 +0000 2026` */
export function formatDate(millis: number): string {
  const seconds = Math.floor(millis / 1000)
  const days = Math.floor(seconds / 86_400)
  const time = seconds - days * 86_400
  // Years are taken to begin in March, so that the leap day is the last of its year.
  const z = days + 719_468
  const era = Math.floor(z / 146_097)
  const dayOfEra = z - era * 146_097
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365)
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shifted = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1
  const month = shifted < 10 ? shifted + 2 : shifted - 10
  const year = yearOfEra + era * 400 + (month <= 1 ? 1 : 0)
  const weekday = DAYS[((days % 7) + 7) % 7]
  return `${weekday} ${MONTHS[month]} ${two(day)} ${two(Math.floor(time / 3600))}:${two(Math.floor(time / 60) % 60)}:${two(time % 60)} +0000 ${year}`
}
