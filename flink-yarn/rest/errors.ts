/** How the REST endpoint says no: Flink's status codes, and the class and words in `errors`. */

const rest = 'org.apache.flink.runtime.rest'

export class RestError extends Error {
  override name = 'RestError'
  constructor(
    readonly status: number,
    /** As they stand in the answer. */
    readonly errors: readonly string[],
  ) {
    super(errors.join('\n'))
  }
}

export function restHandlerException(status: number, message: string): RestError {
  return new RestError(status, [`${rest}.handler.RestHandlerException: ${message}`])
}

export function notFound(what: string): RestError {
  return new RestError(404, [`${rest}.NotFoundException: ${what} not found`])
}

/** A path parameter that is not of its form. */
export function badPathParameter(name: string, value: string): RestError {
  return restHandlerException(400, `Bad request, could not parse parameters: Cannot resolve path parameter (${name}) from value "${value}".`)
}

export function badQueryParameter(name: string, value: string): RestError {
  return restHandlerException(400, `Bad request, could not parse parameters: Cannot resolve query parameter (${name}) from value "${value}".`)
}

export function internalError(className: string, message: string): RestError {
  return new RestError(500, ['Internal server error.', `<Exception on server side:\n${className}: ${message}\n\nEnd of exception on server side>`])
}
