/** Whether this NameNode serves. */
export interface HaState {
  state: 'active' | 'standby'
  /** More than one NameNode is configured for the service. */
  readonly enabled: boolean
}
