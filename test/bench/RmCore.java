import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.OperatingSystemMXBean;
import java.io.File;
import java.lang.management.ManagementFactory;
import java.security.PrivilegedExceptionAction;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.net.DNSToSwitchMapping;
import org.apache.hadoop.security.UserGroupInformation;
import org.apache.hadoop.yarn.api.protocolrecords.AllocateRequest;
import org.apache.hadoop.yarn.api.protocolrecords.AllocateResponse;
import org.apache.hadoop.yarn.api.protocolrecords.FinishApplicationMasterRequest;
import org.apache.hadoop.yarn.api.protocolrecords.RegisterApplicationMasterRequest;
import org.apache.hadoop.yarn.api.protocolrecords.SubmitApplicationRequest;
import org.apache.hadoop.yarn.api.records.ApplicationAttemptId;
import org.apache.hadoop.yarn.api.records.ApplicationId;
import org.apache.hadoop.yarn.api.records.ApplicationSubmissionContext;
import org.apache.hadoop.yarn.api.records.Container;
import org.apache.hadoop.yarn.api.records.ContainerId;
import org.apache.hadoop.yarn.api.records.ContainerLaunchContext;
import org.apache.hadoop.yarn.api.records.ContainerState;
import org.apache.hadoop.yarn.api.records.ContainerStatus;
import org.apache.hadoop.yarn.api.records.ExecutionType;
import org.apache.hadoop.yarn.api.records.FinalApplicationStatus;
import org.apache.hadoop.yarn.api.records.LogAggregationContext;
import org.apache.hadoop.yarn.api.records.NodeId;
import org.apache.hadoop.yarn.api.records.Priority;
import org.apache.hadoop.yarn.api.records.Resource;
import org.apache.hadoop.yarn.api.records.ResourceRequest;
import org.apache.hadoop.yarn.api.records.Token;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.hadoop.yarn.event.Dispatcher;
import org.apache.hadoop.yarn.event.Event;
import org.apache.hadoop.yarn.event.EventHandler;
import org.apache.hadoop.yarn.server.api.ContainerType;
import org.apache.hadoop.yarn.server.api.protocolrecords.NodeHeartbeatRequest;
import org.apache.hadoop.yarn.server.api.protocolrecords.NodeHeartbeatResponse;
import org.apache.hadoop.yarn.server.api.protocolrecords.RegisterNodeManagerRequest;
import org.apache.hadoop.yarn.server.api.protocolrecords.RegisterNodeManagerResponse;
import org.apache.hadoop.yarn.server.api.records.NodeAction;
import org.apache.hadoop.yarn.server.api.records.NodeHealthStatus;
import org.apache.hadoop.yarn.server.api.records.NodeStatus;
import org.apache.hadoop.yarn.server.resourcemanager.RMContext;
import org.apache.hadoop.yarn.server.resourcemanager.RMSecretManagerService;
import org.apache.hadoop.yarn.server.resourcemanager.ResourceManager;
import org.apache.hadoop.yarn.server.resourcemanager.rmapp.RMApp;
import org.apache.hadoop.yarn.server.resourcemanager.rmapp.RMAppState;
import org.apache.hadoop.yarn.server.resourcemanager.rmapp.attempt.RMAppAttempt;
import org.apache.hadoop.yarn.server.resourcemanager.rmapp.attempt.RMAppAttemptState;
import org.apache.hadoop.yarn.server.resourcemanager.scheduler.QueueMetrics;
import org.apache.hadoop.yarn.server.resourcemanager.scheduler.event.SchedulerEvent;
import org.apache.hadoop.yarn.server.resourcemanager.security.RMContainerTokenSecretManager;
import org.apache.hadoop.yarn.util.resource.ResourceUtils;
import org.apache.log4j.Level;
import org.apache.log4j.LogManager;

/**
 * The real ResourceManager's core under the load of rm-core.ts, which says what it is: the same draws of the same random numbers, nodes that report by direct
 * calls of its ResourceTrackerService, masters by its ApplicationMasterService.
 *
 *   java -cp … RmCore rm-load.json '{"nodes": 1000, "seconds": 8, "finished": 0, "ends": "soon"}'
 *
 * What ours leaves to its runtime is left out here too: RPC, web pages, logs, a container's token. All events are handled by the one thread that makes the load,
 * right after the call that caused them: no thread waits for another.
 */
public final class RmCore {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final OperatingSystemMXBean PROCESS = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    /** Events wait until the thread of the load handles them. The store's thread adds some as well. */
    private static final class Events implements Dispatcher {
        private final Queue<Event> waiting = new ConcurrentLinkedQueue<>();
        private final Map<Class<?>, List<EventHandler<Event>>> handlers = new HashMap<>();
        private final EventHandler<Event> queue = waiting::add;

        @Override
        public EventHandler<Event> getEventHandler() {
            return queue;
        }

        @Override
        @SuppressWarnings("unchecked")
        public void register(Class<? extends Enum> type, EventHandler handler) {
            handlers.computeIfAbsent(type, t -> new ArrayList<>()).add(handler);
        }

        void drain() {
            for (Event event = waiting.poll(); event != null; event = waiting.poll()) {
                for (EventHandler<Event> handler : handlers.get(((Enum<?>) event.getType()).getDeclaringClass())) {
                    handler.handle(event);
                }
            }
        }
    }

    private static final class Manager extends ResourceManager {
        final Events events = new Events();

        @Override
        protected Dispatcher createDispatcher() {
            return events;
        }

        @Override
        protected EventHandler<SchedulerEvent> createSchedulerEventDispatcher() {
            return event -> getResourceScheduler().handle(event);
        }

        @Override
        protected void startWepApp() {}

        @Override
        protected RMSecretManagerService createRMSecretManagerService() {
            return new RMSecretManagerService(getConfig(), rmContext) {
                @Override
                protected RMContainerTokenSecretManager createContainerTokenSecretManager(Configuration conf) {
                    return new RMContainerTokenSecretManager(conf) {
                        private final Token token = Token.newInstance(new byte[0], "", new byte[0], "");

                        @Override
                        public Token createContainerToken(ContainerId id, int version, NodeId node, String user, Resource size, Priority priority, long created,
                                LogAggregationContext logs, String label, ContainerType type, ExecutionType execution, long request, Set<String> tags) {
                            return token;
                        }
                    };
                }
            };
        }
    }

    /** Knows a node's rack by its host: addresses are counted through, so that no name has to be looked up. */
    public static final class Racks implements DNSToSwitchMapping {
        static int nodesPerRack;

        @Override
        public List<String> resolve(List<String> hosts) {
            List<String> racks = new ArrayList<>();
            hosts.forEach(host -> racks.add(of(host)));
            return racks;
        }

        static String of(String host) {
            String[] parts = host.split("\\.");
            return "/rack" + (Integer.parseInt(parts[2]) * 256 + Integer.parseInt(parts[3])) / nodesPerRack;
        }

        @Override
        public void reloadCachedMappings() {}

        @Override
        public void reloadCachedMappings(List<String> hosts) {}
    }

    private static final class Running {
        final ContainerStatus status;
        final int ends;

        Running(ContainerStatus status, int ends) {
            this.status = status;
            this.ends = ends;
        }
    }

    private static final class Node {
        final NodeId id;
        final String rack;
        RegisterNodeManagerResponse keys;
        int responseId = 0;
        final List<Running> running = new ArrayList<>();

        Node(NodeId id) {
            this.id = id;
            this.rack = Racks.of(id.getHost());
        }
    }

    private static final class Master {
        final ApplicationAttemptId id;
        final UserGroupInformation ugi;
        int responseId = 0;

        Master(ApplicationAttemptId id, UserGroupInformation ugi) {
            this.id = id;
            this.ugi = ugi;
        }
    }

    private final JsonNode load;
    private final int nodes;
    private final int leastRounds;
    private final int moreRounds;
    private final Manager rm = new Manager();
    private final List<Node> cluster = new ArrayList<>();
    private final Map<NodeId, Node> byId = new HashMap<>();
    private final List<Master> masters = new ArrayList<>();
    private long spent = 0;
    private int state = 12345;
    private int round = 0;
    private long allocations = 0;

    private RmCore(JsonNode load, JsonNode options) {
        this.load = load;
        nodes = options.get("nodes").asInt();
        JsonNode rounds = load.get("rounds").get(options.path("ends").asText("soon"));
        leastRounds = rounds.get(0).asInt();
        moreRounds = rounds.get(1).asInt();
        Racks.nodesPerRack = load.get("nodesPerRack").asInt();
    }

    private int random(int below) {
        state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
        return state % below;
    }

    /** A call and all that follows from it; only the time of these counts. */
    private <T> T step(Callable<T> call) throws Exception {
        long started = System.nanoTime();
        T answer = call.call();
        rm.events.drain();
        spent += System.nanoTime() - started;
        return answer;
    }

    private static <T> T as(UserGroupInformation ugi, PrivilegedExceptionAction<T> action) throws Exception {
        return ugi.doAs(action);
    }

    private void start() {
        YarnConfiguration conf = new YarnConfiguration();
        for (String service : new String[] {"address", "scheduler.address", "resource-tracker.address", "admin.address", "webapp.address"}) {
            conf.set("yarn.resourcemanager." + service, "127.0.0.1:0");
        }
        conf.set("net.topology.node.switch.mapping.impl", Racks.class.getName());
        load.get("properties").fields().forEachRemaining(p -> conf.set(p.getKey(), p.getValue().asText()));
        // What an allocation may be at most is read with the types of resources, which records have asked for already.
        ResourceUtils.resetResourceTypes(conf);
        rm.init(conf);
        rm.start();
        rm.events.drain();
    }

    private void register() throws Exception {
        Resource size = Resource.newInstance(load.get("node").get("memory").asLong(), load.get("node").get("vcores").asInt());
        for (int i = 0; i < nodes; i++) {
            Node node = new Node(NodeId.newInstance("10.0." + (i >> 8) + "." + (i & 255), 45454));
            node.keys = step(() -> rm.getResourceTrackerService().registerNodeManager(
                    RegisterNodeManagerRequest.newInstance(node.id, 8042, size, "3.3.6", Collections.emptyList(), Collections.emptyList(), null)));
            if (node.keys.getNodeAction() != NodeAction.NORMAL) {
                throw new IllegalStateException(node.keys.getDiagnosticsMessage());
            }
            cluster.add(node);
            byId.put(node.id, node);
        }
    }

    /** Until the store's thread and what follows from its news are done. */
    private void until(Callable<Boolean> condition) throws Exception {
        for (rm.events.drain(); !condition.call(); rm.events.drain()) {
            Thread.yield();
        }
    }

    private Master submit(int number, String user, String queue) throws Exception {
        ApplicationId application = ApplicationId.newInstance(ResourceManager.getClusterTimeStamp(), number);
        ContainerLaunchContext launch = ContainerLaunchContext.newInstance(null, null, null, null, null, null);
        ApplicationSubmissionContext context =
                ApplicationSubmissionContext.newInstance(application, "", queue, null, launch, true, true, 1, Resource.newInstance(0, 0));
        as(UserGroupInformation.createRemoteUser(user), () -> rm.getClientRMService().submitApplication(SubmitApplicationRequest.newInstance(context)));
        RMContext all = rm.getRMContext();
        until(() -> {
            RMAppAttempt attempt = all.getRMApps().get(application).getCurrentAppAttempt();
            return attempt != null && attempt.getAppAttemptState() == RMAppAttemptState.LAUNCHED;
        });
        RMAppAttempt attempt = all.getRMApps().get(application).getCurrentAppAttempt();
        UserGroupInformation ugi = UserGroupInformation.createRemoteUser(attempt.getAppAttemptId().toString());
        ugi.addTokenIdentifier(attempt.getAMRMToken().decodeIdentifier());
        as(ugi, () -> rm.getApplicationMasterService().registerApplicationMaster(RegisterApplicationMasterRequest.newInstance("", 0, "")));
        rm.events.drain();
        return new Master(attempt.getAppAttemptId(), ugi);
    }

    private void finish(Master master) throws Exception {
        as(master.ugi, () -> rm.getApplicationMasterService()
                .finishApplicationMaster(FinishApplicationMasterRequest.newInstance(FinalApplicationStatus.SUCCEEDED, "", "")));
        until(() -> {
            RMApp app = rm.getRMContext().getRMApps().get(master.id.getApplicationId());
            return app == null || app.getState() == RMAppState.FINISHED;
        });
    }

    private List<ResourceRequest> wants(int i) {
        List<ResourceRequest> asks = new ArrayList<>();
        JsonNode priorities = load.get("priorities");
        int near = priorities.get("near").asInt();
        Set<Node> preferred = new LinkedHashSet<>();
        for (int n = 0; n < 20; n++) {
            preferred.add(cluster.get(random(nodes)));
        }
        Set<String> racks = new LinkedHashSet<>();
        preferred.forEach(n -> racks.add(n.rack));
        int count = 2 * nodes;
        preferred.forEach(n -> asks.add(want(near, n.id.getHost(), 2048, count)));
        racks.forEach(rack -> asks.add(want(near, rack, 2048, count)));
        asks.add(want(near, ResourceRequest.ANY, 2048, count));
        asks.add(want(priorities.get("anywhere").asInt(), ResourceRequest.ANY, 1024 * (1 + (i % 3)), count));
        if (i % 8 == 0) {
            asks.add(want(priorities.get("large").asInt(), ResourceRequest.ANY, 24 * 1024, 50));
        }
        return asks;
    }

    private static ResourceRequest want(int priority, String place, int memory, int count) {
        return ResourceRequest.newInstance(Priority.newInstance(priority), place, Resource.newInstance(memory, 1), count);
    }

    private void ask(Master master, List<ResourceRequest> asks) throws Exception {
        AllocateResponse answer = step(() -> as(master.ugi, () -> rm.getApplicationMasterService()
                .allocate(AllocateRequest.newInstance(master.responseId, 0.5f, asks, Collections.emptyList(), null))));
        master.responseId = answer.getResponseId();
        allocations += answer.getAllocatedContainers().size();
        for (Container c : answer.getAllocatedContainers()) {
            byId.get(c.getNodeId()).running.add(new Running(status(c.getId(), ContainerState.RUNNING, -1000), round + leastRounds + random(moreRounds)));
        }
    }

    private static ContainerStatus status(ContainerId id, ContainerState state, int exit) {
        return ContainerStatus.newInstance(id, state, "", exit);
    }

    private void report(Node node) throws Exception {
        List<ContainerStatus> statuses = new ArrayList<>();
        for (int i = node.running.size() - 1; i >= 0; i--) {
            Running r = node.running.get(i);
            if (r.ends > round) {
                statuses.add(r.status);
                continue;
            }
            statuses.add(status(r.status.getContainerId(), ContainerState.COMPLETE, 0));
            Running last = node.running.remove(node.running.size() - 1);
            if (i < node.running.size()) {
                node.running.set(i, last);
            }
        }
        NodeHealthStatus health = NodeHealthStatus.newInstance(true, "", System.currentTimeMillis());
        NodeStatus said = NodeStatus.newInstance(node.id, node.responseId, statuses, Collections.emptyList(), health, null, null, null);
        NodeHeartbeatRequest request = NodeHeartbeatRequest.newInstance(said, node.keys.getContainerTokenMasterKey(), node.keys.getNMTokenMasterKey(), null);
        NodeHeartbeatResponse answer = step(() -> rm.getResourceTrackerService().nodeHeartbeat(request));
        if (answer.getNodeAction() != NodeAction.NORMAL) {
            throw new IllegalStateException(answer.getDiagnosticsMessage());
        }
        node.responseId = answer.getResponseId();
    }

    private void aRound() throws Exception {
        round++;
        int apart = (nodes + masters.size() - 1) / masters.size();
        for (int i = 0; i < nodes; i++) {
            report(cluster.get(i));
            if (i % apart == 0) {
                int at = i * masters.size() / nodes;
                ask(masters.get(at), round % 8 == at % 8 ? wants(at) : Collections.emptyList());
            }
        }
    }

    private static long heap() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private JsonNode measure(int seconds, int finished) throws Exception {
        start();
        register();
        long empty = heap();
        int applications = load.get("applications").asInt();
        JsonNode queues = load.get("queues");
        for (int i = 0; i < applications; i++) {
            masters.add(submit(i + 1, "user" + i % load.get("users").asInt(), queues.get(i % queues.size()).asText()));
        }
        for (int i = 0; i < finished; i++) {
            finish(submit(applications + i + 1, "past", "a"));
        }
        for (int i = 0; i < applications; i++) {
            ask(masters.get(i), wants(i));
        }
        int warm = nodes >= 10_000 ? 12 : 30;
        for (int i = 0; i < warm; i++) {
            aRound();
        }
        spent = 0;
        allocations = 0;
        long heartbeats = 0;
        long cpu = PROCESS.getProcessCpuTime();
        long began = System.nanoTime();
        while (System.nanoTime() - began < seconds * 1_000_000_000L) {
            aRound();
            heartbeats += nodes;
        }
        // Processor time of all threads, the collector's among them; the ResourceManager's part of it is as its part of the time that passed.
        double microseconds = (PROCESS.getProcessCpuTime() - cpu) / 1000.0 * spent / (System.nanoTime() - began);
        long running = cluster.stream().mapToLong(n -> n.running.size()).sum();
        QueueMetrics metrics = rm.getResourceScheduler().getRootQueueMetrics();
        ObjectNode result = JSON.createObjectNode();
        result.put("allocationsPerSecond", allocations * 1e6 / microseconds);
        result.put("microsecondsPerHeartbeat", microseconds / heartbeats);
        result.put("allocations", allocations);
        result.put("heartbeats", heartbeats);
        result.put("running", running);
        result.put("bytesPerContainer", (double) (heap() - empty) / running);
        result.put("reserved", metrics.getReservedContainers());
        result.put("nodeLocal", metrics.getAggregateNodeLocalContainersAllocated());
        result.put("rackLocal", metrics.getAggregateRackLocalContainersAllocated());
        result.put("offSwitch", metrics.getAggregateOffSwitchContainersAllocated());
        return result;
    }

    public static void main(String[] args) throws Exception {
        LogManager.getRootLogger().setLevel(Level.OFF);
        int code = 0;
        try {
            JsonNode options = JSON.readTree(args[1]);
            JsonNode result = new RmCore(JSON.readTree(new File(args[0])), options).measure(options.get("seconds").asInt(), options.path("finished").asInt(0));
            System.out.println(JSON.writeValueAsString(result));
        } catch (Throwable e) {
            e.printStackTrace();
            code = 1;
        }
        // Its services' threads would go on.
        System.exit(code);
    }
}
