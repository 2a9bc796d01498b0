/** Whether this NameNode serves. */
export interface HaState {
  readonly state: 'active' | 'standby'
  /** More than one NameNode is configured for the service. */
  readonly enabled: boolean
  /** @throws ServiceFailedException when it can't be */
  toActive(): Promise<void>
  toStandby(): Promise<void>
}
