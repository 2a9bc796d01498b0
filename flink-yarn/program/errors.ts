/** What a client says when a program can't be loaded or run; Flink's class names and words. */

const client = 'org.apache.flink.client.program'

/** `className` is the Java class that Flink prints before the message. */
export class ProgramInvocationException extends Error {
  override name = 'ProgramInvocationException'
  readonly className: string = `${client}.ProgramInvocationException`
}

/** The program can't be run with these parameters: a wrong number, an option that does not exist. */
export class ProgramParametrizationException extends Error {
  override name = 'ProgramParametrizationException'
  readonly className: string = `${client}.ProgramParametrizationException`
}
