/** Clients of YARN's daemons, ours or real ones. */
export { RM_SERVICES, type RmService, rmAddress, rmAddresses, rmIds } from './addresses.js'
export { AMRMClient, type AMRMClientOptions, type AllocateInit, readAmRmToken } from './amrm-client.js'
export { ANY } from './asks.js'
export { NMClient } from './nm-client.js'
export { type QueueInfoOptions, YarnClient, type YarnClientOptions } from './yarn-client.js'
