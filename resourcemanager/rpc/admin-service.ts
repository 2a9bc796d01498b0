/** ResourceManagerAdministrationProtocol and its like: what `yarn rmadmin` asks (AdminService). */
import { ConfigurationError, loadConfiguration } from '../../common/config/configuration.js'
import { yarn } from '../../common/config/keys/yarn.js'
import { type HadoopException, exception } from '../../common/errors.js'
import type { GetUserMappingsProtocol } from '../../common/protocols/get-user-mappings.js'
import type { RefreshUserMappingsProtocol } from '../../common/protocols/refresh-user-mappings.js'
import { nodeIdOf, resourceOf } from '../../common/protocols/records.js'
import type { ResourceManagerAdministrationProtocol } from '../../common/protocols/resourcemanager-administration.js'
import type { CallContext, Handlers } from '../../common/rpc/protocol.js'
import type { AclCheck } from '../runtime/acl.js'
import type { ResourceManager } from '../runtime/resource-manager.js'
import { andThen } from '../runtime/stepper.js'
import { refusal } from './left-out.js'

export interface AdminOptions {
  /** @throws StandbyException while another one is active */
  readonly active: (forWhat: string) => ResourceManager
  readonly confDir: string
  readonly acl: AclCheck
  readonly refreshGroups: () => void
  readonly groupsOf: (user: string) => readonly string[]
}

/** What a remote exception inside a YarnException looks like to Hadoop's commands. */
function wrapped(className: string, message: string): HadoopException {
  return exception('YarnException', `${className}: ${message}`)
}

export function adminService(options: AdminOptions): Handlers<ResourceManagerAdministrationProtocol> {
  const { active, confDir, acl } = options

  const check = (call: CallContext, method: string) => {
    if (!acl.isAdmin(call.user))
      throw wrapped('org.apache.hadoop.security.AccessControlException', `User ${call.user} doesn't have permission to call '${method}'`)
  }
  /** The resource manager, when the caller may administer it. */
  const admin = (call: CallContext, method: string, forWhat: string): ResourceManager => {
    check(call, method)
    return active(forWhat)
  }
  const labelling = (call: CallContext, method: string): ResourceManager => {
    const rm = admin(call, method, `${method}.`)
    if (!rm.settings.conf.get(yarn.nodeLabelsEnabled))
      throw wrapped('java.io.IOException', `Node-label-based scheduling is disabled. Please check ${yarn.nodeLabelsEnabled.name}`)
    return rm
  }

  return {
    refreshQueues: (_request, call) => andThen(admin(call, 'refreshQueues', 'refresh queues.').refreshQueues(), () => ({})),

    refreshNodes(request, call) {
      const rm = admin(call, 'refreshNodes', 'refresh nodes.')
      const conf = reloaded(confDir)
      return andThen(rm.refreshNodes(conf, request.decommissionType, request.decommissionTimeout), () => ({}))
    },

    refreshSuperUserGroupsConfiguration(_request, call) {
      admin(call, 'refreshSuperUserGroupsConfiguration', 'refresh superUserGroups.')
      return {}
    },

    refreshUserToGroupsMappings(_request, call) {
      admin(call, 'refreshUserToGroupsMappings', 'refresh user-groups.')
      options.refreshGroups()
      return {}
    },

    refreshAdminAcls(_request, call) {
      admin(call, 'refreshAdminAcls', 'refresh Admin ACLs.')
      acl.refresh(reloaded(confDir))
      return {}
    },

    refreshServiceAcls(_request, call) {
      check(call, 'refreshServiceAcls')
      throw refusal('refreshServiceAcls')
    },

    getGroupsForUser: (request) => ({ groups: options.groupsOf(request.user) }),

    updateNodeResource(request, call) {
      const rm = admin(call, 'updateNodeResource', 'update node resource.')
      const steps = request.nodeResourceMap.map((e) =>
        rm.setNodeResource(nodeIdOf(e.nodeId), resourceOf(e.resourceOption?.resource, rm.settings.resourceTypes)),
      )
      return Promise.all(steps).then(() => ({}))
    },

    refreshNodesResources(_request, call) {
      admin(call, 'refreshNodesResources', 'refresh nodes resources.')
      return {}
    },

    addToClusterNodeLabels(request, call) {
      const rm = labelling(call, 'addToClusterNodeLabels')
      const labels =
        request.nodeLabels.length > 0
          ? request.nodeLabels.map((l) => ({ name: l.name ?? '', exclusive: l.isExclusive }))
          : request.deprecatedNodeLabels.map((name) => ({ name, exclusive: true }))
      return andThen(rm.step({ type: 'addNodeLabels', labels }), () => ({}))
    },

    removeFromClusterNodeLabels: (request, call) =>
      andThen(labelling(call, 'removeFromClusterNodeLabels').step({ type: 'removeNodeLabels', labels: request.nodeLabels }), () => ({})),

    replaceLabelsOnNodes(request, call) {
      const rm = labelling(call, 'replaceLabelsOnNodes')
      const nodes = request.nodeToLabels.map((n) => ({ nodeId: nodeIdOf(n.nodeId), labels: n.nodeLabels }))
      if (request.failOnUnknownNodes) {
        const unknown = nodes.filter(
          ({ nodeId }) => !rm.core.nodes().some((n) => n.nodeId.host === nodeId.host && (nodeId.port === 0 || n.nodeId.port === nodeId.port)),
        )
        if (unknown.length > 0)
          throw wrapped(
            'java.io.IOException',
            `Can't replace node labels on nodes [${unknown.map((n) => n.nodeId.host).join(', ')}] because these nodes are unknown`,
          )
      }
      return andThen(rm.step({ type: 'replaceLabelsOnNodes', nodes }), () => ({}))
    },

    checkForDecommissioningNodes(_request, call) {
      const rm = admin(call, 'checkForDecommissioningNodes', 'check for decommissioning nodes.')
      return {
        decommissioningNodes: rm.core
          .nodes()
          .filter((n) => n.state === 'DECOMMISSIONING')
          .map((n) => n.nodeId),
      }
    },

    refreshClusterMaxPriority: (_request, call) =>
      andThen(admin(call, 'refreshClusterMaxPriority', 'refresh cluster max priority').refreshQueues(), () => ({})),

    mapAttributesToNodes(_request, call) {
      admin(call, 'mapAttributesToNodes', 'map attributes to nodes.')
      throw refusal('mapAttributesToNodes')
    },
  }
}

export function userMappings(options: AdminOptions): Handlers<GetUserMappingsProtocol> {
  return { getGroupsForUser: (request) => ({ groups: options.groupsOf(request.user) }) }
}

export function refreshUserMappings(options: AdminOptions): Handlers<RefreshUserMappingsProtocol> {
  return {
    refreshUserToGroupsMappings() {
      options.refreshGroups()
      return {}
    },
    refreshSuperUserGroupsConfiguration: () => ({}),
  }
}

/** The site files as they are now. @throws YarnException saying what is wrong with them */
function reloaded(confDir: string) {
  try {
    return loadConfiguration(confDir, 'resourcemanager')
  } catch (e) {
    if (e instanceof ConfigurationError) throw wrapped('java.io.IOException', e.message)
    throw e
  }
}
