/**
 * The calls of our protocols that are answered, but not carried out: what they answer, and why. A feature that a real ResourceManager
 * has turned off answers as the real one does; UnsupportedOperationException stands only for what is left out here.
 */
import { type ErrorName, type HadoopException, exception } from '../../common/errors.js'

export interface LeftOut {
  readonly error: ErrorName
  readonly message: string
  readonly reason: string
}

const RESERVATION: LeftOut = {
  error: 'YarnException',
  message: 'Reservation is not enabled. Please enable & try again',
  reason: 'the reservation system is off, as it is in a real ResourceManager unless yarn.resourcemanager.reservation-system.enable says otherwise',
}

const PROFILE: LeftOut = {
  error: 'YARNFeatureNotEnabledException',
  message:
    'Resource profile is not enabled, please enable resource profile feature before using its functions. (by setting yarn.resourcemanager.resource-profiles.enabled to true)',
  reason: 'resource profiles are off, as they are in a real ResourceManager unless yarn.resourcemanager.resource-profiles.enabled says otherwise',
}

export const LEFT_OUT = {
  getNewReservation: RESERVATION,
  submitReservation: RESERVATION,
  updateReservation: RESERVATION,
  deleteReservation: RESERVATION,
  listReservations: RESERVATION,
  getResourceProfiles: PROFILE,
  getResourceProfile: PROFILE,
  refreshServiceAcls: {
    error: 'YarnException',
    message: 'java.io.IOException: Service Authorization (hadoop.security.authorization) not enabled.',
    reason: 'service-level authorization belongs to a secured cluster (Kerberos); off as in a real one without it',
  },
  mapAttributesToNodes: {
    error: 'UnsupportedOperationException',
    message: 'node attributes are reported by NodeManagers here; the administrator can not set them',
    reason: 'attributes come from NodeManagers (yarn.nodemanager.node-attributes.provider) only',
  },
  transitionToObserver: {
    error: 'ServiceFailedException',
    message: 'a ResourceManager has no observer state',
    reason: 'observers are NameNodes',
  },
} as const satisfies Record<string, LeftOut>

export type LeftOutMethod = keyof typeof LEFT_OUT

/** A handler that answers with the error. */
export function leftOut(method: LeftOutMethod): () => never {
  return () => {
    throw refusal(method)
  }
}

export function refusal(method: LeftOutMethod): HadoopException {
  const { error, message } = LEFT_OUT[method]
  return exception(error, message)
}
