import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.File;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentMap;
import org.apache.hadoop.metrics2.lib.DefaultMetricsSystem;
import org.apache.hadoop.security.Groups;
import org.apache.hadoop.security.SecurityUtil;
import org.apache.hadoop.yarn.api.protocolrecords.AllocateRequest;
import org.apache.hadoop.yarn.api.protocolrecords.AllocateResponse;
import org.apache.hadoop.yarn.api.protocolrecords.FinishApplicationMasterRequest;
import org.apache.hadoop.yarn.api.protocolrecords.MoveApplicationAcrossQueuesRequest;
import org.apache.hadoop.yarn.api.protocolrecords.RegisterApplicationMasterResponse;
import org.apache.hadoop.yarn.api.protocolrecords.UpdateApplicationPriorityRequest;
import org.apache.hadoop.yarn.api.records.ApplicationAttemptId;
import org.apache.hadoop.yarn.api.records.ApplicationId;
import org.apache.hadoop.yarn.api.records.ApplicationTimeoutType;
import org.apache.hadoop.yarn.api.records.Container;
import org.apache.hadoop.yarn.api.records.ContainerId;
import org.apache.hadoop.yarn.api.records.ContainerState;
import org.apache.hadoop.yarn.api.records.ContainerStatus;
import org.apache.hadoop.yarn.api.records.ContainerUpdateType;
import org.apache.hadoop.yarn.api.records.ExecutionTypeRequest;
import org.apache.hadoop.yarn.api.records.FinalApplicationStatus;
import org.apache.hadoop.yarn.api.records.NodeAttributeOpCode;
import org.apache.hadoop.yarn.api.records.NodeId;
import org.apache.hadoop.yarn.api.records.NodeLabel;
import org.apache.hadoop.yarn.api.records.PreemptionMessage;
import org.apache.hadoop.yarn.api.records.Priority;
import org.apache.hadoop.yarn.api.records.RejectedSchedulingRequest;
import org.apache.hadoop.yarn.api.records.Resource;
import org.apache.hadoop.yarn.api.records.ResourceBlacklistRequest;
import org.apache.hadoop.yarn.api.records.ResourceInformation;
import org.apache.hadoop.yarn.api.records.ResourceRequest;
import org.apache.hadoop.yarn.api.records.ResourceSizing;
import org.apache.hadoop.yarn.api.records.SchedulingRequest;
import org.apache.hadoop.yarn.api.records.UpdateContainerError;
import org.apache.hadoop.yarn.api.records.UpdateContainerRequest;
import org.apache.hadoop.yarn.api.records.UpdatedContainer;
import org.apache.hadoop.yarn.api.resource.PlacementConstraint;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.hadoop.yarn.server.api.protocolrecords.NMContainerStatus;
import org.apache.hadoop.yarn.server.resourcemanager.MockAM;
import org.apache.hadoop.yarn.server.resourcemanager.MockNM;
import org.apache.hadoop.yarn.server.resourcemanager.MockRM;
import org.apache.hadoop.yarn.server.resourcemanager.MockRMAppSubmissionData;
import org.apache.hadoop.yarn.server.resourcemanager.MockRMAppSubmitter;
import org.apache.hadoop.yarn.server.resourcemanager.monitor.capacity.ProportionalCapacityPreemptionPolicy;
import org.apache.hadoop.yarn.server.resourcemanager.recovery.MemoryRMStateStore;
import org.apache.hadoop.yarn.server.resourcemanager.rmapp.RMApp;
import org.apache.hadoop.yarn.server.resourcemanager.rmapp.attempt.RMAppAttempt;
import org.apache.hadoop.yarn.server.resourcemanager.rmapp.monitor.RMAppToMonitor;
import org.apache.hadoop.yarn.server.resourcemanager.rmcontainer.AllocationExpirationInfo;
import org.apache.hadoop.yarn.server.resourcemanager.rmcontainer.ContainerAllocationExpirer;
import org.apache.hadoop.yarn.server.resourcemanager.rmcontainer.RMContainer;
import org.apache.hadoop.yarn.server.resourcemanager.rmnode.RMNode;
import org.apache.hadoop.yarn.server.resourcemanager.scheduler.AbstractYarnScheduler;
import org.apache.hadoop.yarn.server.resourcemanager.scheduler.SchedulerAppReport;
import org.apache.hadoop.yarn.server.resourcemanager.scheduler.SchedulerNodeReport;
import org.apache.hadoop.yarn.server.resourcemanager.scheduler.capacity.CSQueue;
import org.apache.hadoop.yarn.server.resourcemanager.scheduler.capacity.CapacityScheduler;
import org.apache.hadoop.yarn.server.resourcemanager.scheduler.capacity.QueueManagementDynamicEditPolicy;
import org.apache.hadoop.yarn.server.resourcemanager.scheduler.fair.FSQueue;
import org.apache.hadoop.yarn.server.resourcemanager.scheduler.fair.FairScheduler;
import org.apache.hadoop.yarn.util.AbstractLivelinessMonitor;
import org.apache.hadoop.yarn.util.ControlledClock;
import org.apache.hadoop.yarn.util.resource.ResourceUtils;
import org.apache.log4j.Level;
import org.apache.log4j.LogManager;

/**
 * Runs scenarios step by step in the real ResourceManager (its scheduler, life cycles and application master service, with mock nodes and masters) and
 * says after each step what it decided. One scenario a line on standard input, one line of results a scenario on standard output. The format is described
 * in scenario.ts beside this file.
 */
public final class Driver {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long NEVER = 1_000_000_000L;

    private MockRM rm;
    private final Map<String, MockNM> nodes = new LinkedHashMap<>();
    /** Those that fell silent: they may come back. */
    private final Map<String, MockNM> lost = new HashMap<>();
    private final Map<String, ApplicationId> apps = new LinkedHashMap<>();
    private final Map<String, MockAM> masters = new HashMap<>();
    /** What an application master was last told it could still get. */
    private final Map<String, Resource> headrooms = new HashMap<>();

    private YarnConfiguration conf = new YarnConfiguration();
    private ProportionalCapacityPreemptionPolicy preemption;
    private QueueManagementDynamicEditPolicy queueManagement;
    /** Of the fair scheduler and of the monitors, which run when a scenario says so. */
    private final ControlledClock clock = new ControlledClock();
    private final List<MockRM> replaced = new ArrayList<>();
    private File allocations;
    private final File excludeFile = File.createTempFile("exclude", "");
    private final Set<String> excluded = new TreeSet<>();

    private Driver(JsonNode scenario) throws Exception {
        conf.set(YarnConfiguration.RM_SCHEDULER, "org.apache.hadoop.yarn.server.resourcemanager.scheduler.capacity.CapacityScheduler");
        conf.setBoolean(YarnConfiguration.RM_SCHEDULER_INCLUDE_PORT_IN_NODE_NAME, false);
        scenario.path("conf").fields().forEachRemaining(e -> conf.set(e.getKey(), e.getValue().asText()));
        if (scenario.has("allocations")) {
            allocations = File.createTempFile("fair-scheduler", ".xml");
            allocations.deleteOnExit();
            writeAllocations(scenario.get("allocations").asText());
            conf.set("yarn.scheduler.fair.allocation.file", allocations.getAbsolutePath());
        }
        ResourceUtils.resetResourceTypes(conf);
        StringBuilder groups = new StringBuilder();
        scenario.path("groups").fields().forEachRemaining(e -> groups.append(e.getKey()).append('=').append(String.join(",", strings(e.getValue()))).append(';'));
        conf.set("hadoop.user.group.static.mapping.overrides", groups.append("dr.who=;").toString());
        Groups.getUserToGroupsMappingServiceWithLoadedConfiguration(conf);
        conf.setLong("yarn.resourcemanager.monitor.capacity.preemption.monitoring_interval", NEVER);
        conf.setLong("yarn.scheduler.capacity.queue-management.monitoring-interval", NEVER);
        excludeFile.deleteOnExit();
        conf.set(YarnConfiguration.RM_NODES_EXCLUDE_FILE_PATH, excludeFile.getAbsolutePath());
        if (conf.getBoolean(YarnConfiguration.RECOVERY_ENABLED, false)) {
            conf.set(YarnConfiguration.RM_STORE, MemoryRMStateStore.class.getName());
        }
        start(new MockRM(conf));
    }

    private void start(MockRM started) throws Exception {
        rm = started;
        // MockRM turns debug messages on: what those ask for makes the scheduler compute limits anew, which the one that is shipped does not.
        LogManager.getRootLogger().setLevel(Level.WARN);
        if (rm.getResourceScheduler() instanceof FairScheduler) {
            ((FairScheduler) rm.getResourceScheduler()).setClock(clock);
        }
        rm.start();
        settle();
    }

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, "UTF-8");
        System.setOut(System.err);
        // Mock hosts have no address.
        SecurityUtil.setTokenServiceUseIp(false);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            if (line.isEmpty()) {
                continue;
            }
            out.println(JSON.writeValueAsString(run(JSON.readTree(line))));
        }
        System.exit(0);
    }

    private static JsonNode run(JsonNode scenario) {
        DefaultMetricsSystem.setMiniClusterMode(true);
        ArrayNode results = JSON.createArrayNode();
        Driver driver = null;
        try {
            driver = new Driver(scenario);
            for (JsonNode step : scenario.get("steps")) {
                ObjectNode result = JSON.createObjectNode();
                try {
                    driver.step(step, result);
                } catch (Exception e) {
                    Throwable cause = e;
                    while (cause instanceof java.lang.reflect.UndeclaredThrowableException && cause.getCause() != null) {
                        cause = cause.getCause();
                    }
                    result.put("error", cause.getClass().getName());
                    result.put("message", String.valueOf(cause.getMessage()));
                }
                driver.settle();
                driver.snapshot(result);
                results.add(result);
            }
        } catch (Throwable e) {
            Throwable cause = e;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            results.add(JSON.createObjectNode().put("refused", String.valueOf(cause.getMessage() == null ? cause : cause.getMessage())));
        } finally {
            if (driver != null) {
                driver.rm.stop();
                driver.replaced.forEach(MockRM::stop);
            }
            DefaultMetricsSystem.shutdown();
        }
        return results;
    }

    private void writeAllocations(String text) throws Exception {
        Files.write(allocations.toPath(), text.getBytes(StandardCharsets.UTF_8));
    }

    /** All that a step has caused is over. The fair scheduler's update, and what it preempts, run here instead of in threads of their own time. */
    private void settle() throws Exception {
        rm.drainEvents();
        if (!(rm.getResourceScheduler() instanceof FairScheduler)) {
            return;
        }
        FairScheduler fair = (FairScheduler) rm.getResourceScheduler();
        fair.update();
        if (conf.getBoolean("yarn.scheduler.fair.preemption", false)) {
            for (int quiet = 0; quiet < 5; quiet++) {
                Thread.sleep(5);
                for (Thread t : Thread.getAllStackTraces().keySet()) {
                    boolean preempts = t.getName().equals("FSPreemptionThread") || t.getName().equals("Preemption Timer");
                    if (preempts && t.getState() != Thread.State.WAITING) {
                        quiet = -1;
                    }
                }
            }
            rm.drainEvents();
        }
    }

    private void step(JsonNode step, ObjectNode result) throws Exception {
        clock.tickMsec(10);
        String kind = step.fieldNames().next();
        JsonNode s = step.get(kind);
        switch (kind) {
            case "addNode":
                addNode(s);
                break;
            case "removeNode":
                MockNM gone = nodes.remove(s.asText());
                lost.put(s.asText(), gone);
                for (MockNM other : nodes.values()) {
                    other.nodeHeartbeat(true);
                }
                rm.drainEvents();
                rm.sendNodeLost(gone);
                break;
            case "heartbeat":
                heartbeat(s, result);
                break;
            case "submit":
                submit(s);
                break;
            case "launch":
                launch(s);
                break;
            case "allocate":
                allocate(s, result);
                break;
            case "finish":
                finish(s);
                break;
            case "kill":
                rm.killApp(apps.get(s.asText()));
                break;
            case "move":
                rm.getClientRMService().moveApplicationAcrossQueues(MoveApplicationAcrossQueuesRequest.newInstance(apps.get(s.get("app").asText()), s.get("queue").asText()));
                break;
            case "reload":
                writeAllocations(s.asText());
                rm.getResourceScheduler().reinitialize(conf, rm.getRMContext());
                break;
            case "continuous":
                clock.tickMsec(s.get("after").asLong());
                Method pass = FairScheduler.class.getDeclaredMethod("continuousSchedulingAttempt");
                pass.setAccessible(true);
                pass.invoke(rm.getResourceScheduler());
                break;
            case "advance":
                clock.tickMsec(s.asLong() * 1000);
                if (rm.getResourceScheduler() instanceof FairScheduler) {
                    // What its reload thread does every ten seconds.
                    FairScheduler fair = (FairScheduler) rm.getResourceScheduler();
                    fair.getQueueManager().removeEmptyDynamicQueues();
                    fair.getQueueManager().removePendingIncompatibleQueues();
                }
                break;
            case "addLabels":
                List<NodeLabel> labels = new ArrayList<>();
                s.forEach(l -> labels.add(NodeLabel.newInstance(l.get("name").asText(), l.path("exclusive").asBoolean(true))));
                rm.getRMContext().getNodeLabelManager().addToCluserNodeLabels(labels);
                break;
            case "removeLabels":
                rm.getRMContext().getNodeLabelManager().removeFromClusterNodeLabels(strings(s));
                break;
            case "labelNodes":
                Map<NodeId, Set<String>> labelled = new HashMap<>();
                s.fields().forEachRemaining(e -> labelled.put(NodeId.newInstance(e.getKey(), 0),
                        e.getValue().asText().isEmpty() ? Collections.emptySet() : Collections.singleton(e.getValue().asText())));
                rm.getRMContext().getNodeLabelManager().replaceLabelsOnNode(labelled);
                break;
            case "refreshQueues":
                YarnConfiguration changed = new YarnConfiguration(conf);
                s.fields().forEachRemaining(e -> {
                    String key = e.getKey().startsWith("root.") ? "yarn.scheduler.capacity." + e.getKey() : e.getKey();
                    if (e.getValue().isNull()) {
                        changed.unset(key);
                    } else {
                        changed.set(key, e.getValue().asText());
                    }
                });
                rm.getResourceScheduler().reinitialize(changed, rm.getRMContext());
                conf = changed;
                break;
            case "preempt":
                clock.tickMsec(s.get("after").asLong());
                preemption().editSchedule();
                break;
            case "manageQueues":
                clock.tickMsec(s.get("after").asLong());
                queueManagement().editSchedule();
                break;
            case "expireAllocations":
                for (MockNM node : nodes.values()) {
                    node.nodeHeartbeat(true);
                }
                rm.drainEvents();
                expireAllocations();
                break;
            case "updatePriority":
                rm.getClientRMService().updateApplicationPriority(
                        UpdateApplicationPriorityRequest.newInstance(apps.get(s.get("app").asText()), Priority.newInstance(s.get("priority").asInt())));
                break;
            case "restart":
                restart();
                break;
            case "register":
                register(s);
                break;
            case "reregister":
                reregister(s.asText(), result);
                break;
            case "unregisterNode":
                nodes.get(s.asText()).unRegisterNode();
                break;
            case "decommission":
                excluded.add(s.get("node").asText());
                refreshNodes(s.has("timeout"), s.path("timeout").asInt());
                break;
            case "recommission":
                excluded.remove(s.asText());
                refreshNodes(true, 0);
                break;
            case "expireMaster":
                for (MockNM node : nodes.values()) {
                    node.nodeHeartbeat(true);
                }
                rm.drainEvents();
                expire(rm.getRMContext().getAMLivelinessMonitor(), currentAttempt(s.asText()).getAppAttemptId());
                break;
            case "expireLifetime":
                expireLifetime(apps.get(s.asText()));
                break;
            case "sleep":
                Thread.sleep((long) (s.asDouble() * 1000));
                break;
            case "failAttempt":
                rm.failApplicationAttempt(currentAttempt(s.asText()).getAppAttemptId());
                break;
            default:
                throw new IllegalArgumentException("unknown step " + kind);
        }
    }

    private ProportionalCapacityPreemptionPolicy preemption() {
        if (preemption == null) {
            preemption = new ProportionalCapacityPreemptionPolicy(rm.getRMContext(), (CapacityScheduler) rm.getResourceScheduler(), clock);
        }
        return preemption;
    }

    private QueueManagementDynamicEditPolicy queueManagement() {
        if (queueManagement == null) {
            queueManagement = new QueueManagementDynamicEditPolicy();
            queueManagement.init(conf, rm.getRMContext(), rm.getResourceScheduler());
        }
        return queueManagement;
    }

    /** What the expirer's thread does when time is up: for all that it waits for. */
    private void expireAllocations() throws Exception {
        ContainerAllocationExpirer expirer = rm.getRMContext().getContainerAllocationExpirer();
        Field running = AbstractLivelinessMonitor.class.getDeclaredField("running");
        running.setAccessible(true);
        Method expire = ContainerAllocationExpirer.class.getDeclaredMethod("expire", AllocationExpirationInfo.class);
        expire.setAccessible(true);
        for (Object info : new TreeSet<>(((Map<?, ?>) running.get(expirer)).keySet())) {
            expirer.unregister((AllocationExpirationInfo) info);
            expire.invoke(expirer, info);
        }
    }

    /** Another ResourceManager goes on with what the first one stored; nodes and masters don't know yet. */
    private void restart() throws Exception {
        MockRM old = rm;
        // The old one's threads end with the scenario: its stop would close the store that both have.
        replaced.add(old);
        start(new MockRM(conf, old.getRMStateStore()));
        for (MockNM node : nodes.values()) {
            node.setResourceTrackerService(rm.getResourceTrackerService());
        }
        for (MockAM master : masters.values()) {
            master.setAMRMProtocol(rm.getApplicationMasterService(), rm.getRMContext());
        }
    }

    /** {node, containers: [{app, id, state, exit, memory, vcores}], apps}: a NodeManager that is known, or was, registers again. */
    private void register(JsonNode s) throws Exception {
        List<NMContainerStatus> containers = new ArrayList<>();
        for (JsonNode c : s.path("containers")) {
            containers.add(NMContainerStatus.newInstance(containerId(c), c.path("version").asInt(0), ContainerState.valueOf(c.path("state").asText("RUNNING")), amount(c),
                    c.path("diagnostics").asText(""), c.path("exit").asInt(0), Priority.newInstance(c.path("priority").asInt(1)), 0));
        }
        List<ApplicationId> running = new ArrayList<>();
        s.path("apps").forEach(a -> running.add(apps.get(a.asText())));
        MockNM node = lost.remove(s.get("node").asText());
        if (node == null) {
            node = nodes.get(s.get("node").asText());
        }
        nodes.put(s.get("node").asText(), node);
        Field capability = MockNM.class.getDeclaredField("capability");
        capability.setAccessible(true);
        capability.set(node, amount(s));
        node.registerNode(containers, running);
    }

    private void refreshNodes(boolean gracefully, int timeout) throws Exception {
        Files.write(excludeFile.toPath(), excluded);
        if (gracefully) {
            rm.getRMContext().getNodesListManager().refreshNodesGracefully(conf, timeout);
        } else {
            rm.getRMContext().getNodesListManager().refreshNodes(conf);
        }
    }

    private void reregister(String name, ObjectNode result) throws Exception {
        RegisterApplicationMasterResponse response = masters.get(name).registerAppAttempt(false);
        ArrayNode previous = result.putArray("previous");
        TreeSet<Long> ids = new TreeSet<>();
        response.getContainersFromPreviousAttempts().forEach(c -> ids.add(c.getId().getContainerId()));
        ids.forEach(previous::add);
    }

    /** What a monitor's thread does when time is up. */
    private static void expire(AbstractLivelinessMonitor<?> monitor, Object what) throws Exception {
        Field running = AbstractLivelinessMonitor.class.getDeclaredField("running");
        running.setAccessible(true);
        ((Map<?, ?>) running.get(monitor)).remove(what);
        Method expire = AbstractLivelinessMonitor.class.getDeclaredMethod("expire", Object.class);
        expire.setAccessible(true);
        expire.invoke(monitor, what);
    }

    private void expireLifetime(ApplicationId id) throws Exception {
        AbstractLivelinessMonitor<?> monitor = rm.getRMContext().getRMAppLifetimeMonitor();
        Field running = AbstractLivelinessMonitor.class.getDeclaredField("running");
        running.setAccessible(true);
        for (Object o : new ArrayList<>(((Map<?, ?>) running.get(monitor)).keySet())) {
            if (((RMAppToMonitor) o).getApplicationId().equals(id)) {
                expire(monitor, o);
            }
        }
    }

    private void addNode(JsonNode s) throws Exception {
        String name = s.get("name").asText();
        MockNM nm = rm.registerNode(name + ":1234", amount(s));
        nodes.put(name, nm);
    }

    /** {node, containers: [{app, id, state, exit}]} */
    private void heartbeat(JsonNode s, ObjectNode result) throws Exception {
        MockNM nm = nodes.get(s.get("node").asText());
        Map<ApplicationId, List<ContainerStatus>> statuses = new HashMap<>();
        for (JsonNode c : s.path("containers")) {
            RMApp app = app(c.get("app").asText());
            ContainerId id = containerId(c);
            ContainerStatus status = ContainerStatus.newInstance(id, ContainerState.valueOf(c.get("state").asText()), c.path("diagnostics").asText(""), c.path("exit").asInt(0));
            statuses.computeIfAbsent(app.getApplicationId(), k -> new ArrayList<>()).add(status);
        }
        if (!s.has("increased")) {
            result.put("action", nm.nodeHeartbeat(statuses, s.path("healthy").asBoolean(true)).getNodeAction().name());
            return;
        }
        List<ContainerStatus> reported = new ArrayList<>();
        statuses.values().forEach(reported::addAll);
        List<Container> increased = new ArrayList<>();
        for (JsonNode c : s.get("increased")) {
            Container container = Container.newInstance(containerId(c), nm.getNodeId(), "", amount(c), null, null);
            container.setVersion(c.get("version").asInt());
            increased.add(container);
        }
        Field responseId = MockNM.class.getDeclaredField("responseId");
        responseId.setAccessible(true);
        result.put("action", nm.nodeHeartbeat(reported, increased, s.path("healthy").asBoolean(true), responseId.getInt(nm)).getNodeAction().name());
    }

    private void submit(JsonNode s) throws Exception {
        MockRMAppSubmissionData.Builder b = MockRMAppSubmissionData.Builder.createWithMemory(s.get("memory").asLong(), rm)
                .withResource(amount(s))
                .withAppName(s.get("app").asText())
                .withUser(s.path("user").asText("user"))
                .withAcls(null)
                .withUnmanagedAM(s.path("unmanaged").asBoolean(false))
                .withWaitForAppAcceptedState(false)
                .withMaxAppAttempts(s.path("maxAttempts").asInt(1))
                .withAppType("YARN");
        if (s.has("queue")) {
            b.withQueue(s.get("queue").asText());
        }
        if (s.has("failuresInterval")) {
            b.withAttemptFailuresValidityInterval(s.get("failuresInterval").asLong());
        }
        b.withAppPriority(s.has("priority") ? Priority.newInstance(s.get("priority").asInt()) : null);
        if (s.has("keepContainers")) {
            b.withKeepContainers(s.get("keepContainers").asBoolean());
        }
        if (s.has("label")) {
            b.withAmLabel(s.get("label").asText());
        }
        if (s.has("appLabel")) {
            b.withAppNodeLabel(s.get("appLabel").asText());
        }
        if (s.has("tags")) {
            b.withApplicationTags(new HashSet<>(strings(s.get("tags"))));
        }
        if (s.has("lifetime")) {
            b.withApplicationTimeouts(Collections.singletonMap(ApplicationTimeoutType.LIFETIME, s.get("lifetime").asLong()));
        }
        RMApp app = MockRMAppSubmitter.submit(rm, b.build());
        apps.put(s.get("app").asText(), app.getApplicationId());
    }

    /** The application master's process came up and registered. */
    private void launch(JsonNode s) throws Exception {
        String name = s.isTextual() ? s.asText() : s.get("app").asText();
        RMAppAttempt attempt = currentAttempt(name);
        boolean unmanaged = app(name).getApplicationSubmissionContext().getUnmanagedAM();
        MockAM am = unmanaged ? new MockAM(rm.getRMContext(), rm.getApplicationMasterService(), attempt.getAppAttemptId()) : rm.sendAMLaunched(attempt.getAppAttemptId());
        rm.drainEvents();
        for (JsonNode c : s.path("constraints")) {
            am.addPlacementConstraint(new HashSet<>(strings(c.get("tags"))), constraint(c.get("constraint")).build());
        }
        am.registerAppAttempt(false);
        masters.put(name, am);
    }

    private void allocate(JsonNode s, ObjectNode result) throws Exception {
        String name = s.get("app").asText();
        MockAM am = masters.get(name);
        List<ResourceRequest> asks = new ArrayList<>();
        for (JsonNode a : s.path("ask")) {
            ResourceRequest r = ResourceRequest.newInstance(Priority.newInstance(a.path("priority").asInt(1)), a.path("resource").asText("*"),
                    amount(a), a.get("count").asInt(), a.path("relax").asBoolean(true));
            r.setAllocationRequestId(a.path("allocationRequestId").asLong(0));
            if (a.has("label")) {
                r.setNodeLabelExpression(a.get("label").asText());
            }
            asks.add(r);
        }
        List<ContainerId> releases = new ArrayList<>();
        for (JsonNode c : s.path("release")) {
            releases.add(containerId(c));
        }
        List<UpdateContainerRequest> updates = new ArrayList<>();
        for (JsonNode u : s.path("update")) {
            updates.add(UpdateContainerRequest.newInstance(u.path("version").asInt(0), containerId(u), ContainerUpdateType.valueOf(u.get("type").asText()),
                    amount(u), null));
        }
        List<SchedulingRequest> schedule = new ArrayList<>();
        for (JsonNode r : s.path("schedule")) {
            schedule.add(SchedulingRequest.newBuilder().allocationRequestId(r.path("id").asLong(0)).priority(Priority.newInstance(r.path("priority").asInt(1)))
                    .executionType(ExecutionTypeRequest.newInstance()).allocationTags(new HashSet<>(strings(r.path("tags"))))
                    .resourceSizing(ResourceSizing.newInstance(r.get("count").asInt(), amount(r)))
                    .placementConstraintExpression(r.has("constraint") ? constraint(r.get("constraint")).build() : null).build());
        }
        AllocateRequest request = AllocateRequest.newBuilder().askList(asks).schedulingRequests(schedule).releaseList(releases).updateRequests(updates)
                .resourceBlacklistRequest(ResourceBlacklistRequest.newInstance(strings(s.path("blacklist")), strings(s.path("whitelist"))))
                .progress(0.5f).build();
        ObjectNode answer = JSON.createObjectNode();
        for (String list : new String[] {"allocated", "completed", "updated", "updateErrors", "rejected"}) {
            answer.putArray(list);
        }
        answer.putObject("asked").putArray("strict");
        answer.with("asked").putArray("contract");
        answered(name, am.allocate(request), answer);
        if (!releases.isEmpty()) {
            // The end of a released container is told in this answer or in the next one, as it happens.
            rm.drainEvents();
            answered(name, am.allocate(AllocateRequest.newBuilder().askList(new ArrayList<>()).releaseList(new ArrayList<>()).progress(0.5f).build()), answer);
        }
        for (int i = 0; i < s.path("rounds").asInt(0); i++) {
            quiet();
            answered(name, am.allocate(AllocateRequest.newBuilder().askList(new ArrayList<>()).releaseList(new ArrayList<>()).progress(0.5f).build()), answer);
        }
        result.setAll(answer);
    }

    /** The threads that place requests by constraint, and schedule what is placed, have nothing to do. */
    private void quiet() throws Exception {
        for (int calm = 0; calm < 3; calm++) {
            rm.drainEvents();
            Thread.sleep(2);
            for (Thread t : Thread.getAllStackTraces().keySet()) {
                if (t.getName().matches("pool-\\d+-thread-\\d+") && t.getState() != Thread.State.WAITING) {
                    calm = -1;
                }
            }
        }
    }

    private void answered(String name, AllocateResponse response, ObjectNode result) {
        headrooms.put(name, response.getAvailableResources());
        for (Container c : response.getAllocatedContainers()) {
            ObjectNode o = result.withArray("allocated").addObject().put("id", c.getId().getContainerId()).put("node", c.getNodeId().getHost())
                    .put("priority", c.getPriority().getPriority());
            resource(o.putObject("size"), c.getResource());
        }
        for (ContainerStatus c : response.getCompletedContainersStatuses()) {
            result.withArray("completed").addObject().put("id", c.getContainerId().getContainerId()).put("exit", c.getExitStatus()).put("diagnostics", c.getDiagnostics());
        }
        for (UpdatedContainer u : response.getUpdatedContainers()) {
            ObjectNode o = result.withArray("updated").addObject().put("id", u.getContainer().getId().getContainerId())
                    .put("version", u.getContainer().getVersion()).put("type", u.getUpdateType().name());
            resource(o.putObject("size"), u.getContainer().getResource());
        }
        for (UpdateContainerError e : response.getUpdateErrors()) {
            result.withArray("updateErrors").addObject().put("id", e.getUpdateContainerRequest().getContainerId().getContainerId()).put("reason", e.getReason());
        }
        for (RejectedSchedulingRequest r : response.getRejectedSchedulingRequests()) {
            result.withArray("rejected").addObject().put("id", r.getRequest().getAllocationRequestId())
                    .put("count", r.getRequest().getResourceSizing().getNumAllocations()).put("reason", r.getReason().name());
        }
        PreemptionMessage asked = response.getPreemptionMessage();
        if (asked != null && asked.getStrictContract() != null) {
            asked.getStrictContract().getContainers().forEach(c -> result.with("asked").withArray("strict").add(c.getId().getContainerId()));
        }
        if (asked != null && asked.getContract() != null) {
            asked.getContract().getContainers().forEach(c -> result.with("asked").withArray("contract").add(c.getId().getContainerId()));
        }
    }

    /** As resourcemanager/scheduler/requests.ts has them. */
    private static PlacementConstraint.AbstractConstraint constraint(JsonNode c) {
        switch (c.get("kind").asText()) {
            case "single":
                List<PlacementConstraint.TargetExpression> targets = new ArrayList<>();
                for (JsonNode t : c.get("targets")) {
                    targets.add(new PlacementConstraint.TargetExpression(PlacementConstraint.TargetExpression.TargetType.valueOf(t.get("type").asText()),
                            t.has("key") ? t.get("key").asText() : null, new HashSet<>(strings(t.get("values")))));
                }
                PlacementConstraint.TargetExpression[] all = targets.toArray(new PlacementConstraint.TargetExpression[0]);
                if (c.has("attributeOp")) {
                    return new PlacementConstraint.SingleConstraint(c.get("scope").asText(), c.get("minCardinality").asInt(), c.get("maxCardinality").asInt(),
                            NodeAttributeOpCode.valueOf(c.get("attributeOp").asText()), all);
                }
                return new PlacementConstraint.SingleConstraint(c.get("scope").asText(), c.get("minCardinality").asInt(), c.get("maxCardinality").asInt(), all);
            case "and":
                return new PlacementConstraint.And(constraints(c));
            case "or":
                return new PlacementConstraint.Or(constraints(c));
            default:
                throw new IllegalArgumentException("unknown kind of constraint " + c.get("kind"));
        }
    }

    private static PlacementConstraint.AbstractConstraint[] constraints(JsonNode c) {
        List<PlacementConstraint.AbstractConstraint> all = new ArrayList<>();
        c.get("children").forEach(child -> all.add(constraint(child)));
        return all.toArray(new PlacementConstraint.AbstractConstraint[0]);
    }

    private void finish(JsonNode s) throws Exception {
        String name = s.get("app").asText();
        FinishApplicationMasterRequest request = FinishApplicationMasterRequest.newInstance(FinalApplicationStatus.valueOf(s.path("status").asText("SUCCEEDED")), s.path("diagnostics").asText(""), "");
        masters.get(name).unregisterAppAttempt(request, false);
    }

    private static List<String> strings(JsonNode array) {
        List<String> all = new ArrayList<>();
        array.forEach(n -> all.add(n.asText()));
        return all;
    }

    private RMApp app(String name) {
        return rm.getRMContext().getRMApps().get(apps.get(name));
    }

    private RMAppAttempt currentAttempt(String name) {
        return app(name).getCurrentAppAttempt();
    }

    /** {app, id, attempt?} */
    private ContainerId containerId(JsonNode c) {
        ApplicationAttemptId attempt = c.has("attempt") ? ApplicationAttemptId.newInstance(apps.get(c.get("app").asText()), c.get("attempt").asInt())
                : currentAttempt(c.get("app").asText()).getAppAttemptId();
        return ContainerId.newContainerId(attempt, c.get("id").asLong());
    }

    private void snapshot(ObjectNode result) {
        AbstractYarnScheduler<?, ?> scheduler = (AbstractYarnScheduler<?, ?>) rm.getResourceScheduler();
        ObjectNode all = result.putObject("apps");
        for (Map.Entry<String, ApplicationId> e : apps.entrySet()) {
            RMApp app = rm.getRMContext().getRMApps().get(e.getValue());
            if (app == null) {
                continue;
            }
            ObjectNode a = all.putObject(e.getKey());
            a.put("state", app.getState().name());
            a.put("finalStatus", app.getFinalApplicationStatus().name());
            a.put("queue", app.getQueue());
            a.put("diagnostics", app.getDiagnostics().toString());
            RMAppAttempt attempt = app.getCurrentAppAttempt();
            if (attempt == null) {
                continue;
            }
            a.put("attempt", attempt.getAppAttemptId().getAttemptId());
            a.put("attemptState", attempt.getAppAttemptState().name());
            SchedulerAppReport report = scheduler.getSchedulerAppInfo(attempt.getAppAttemptId());
            if (report != null) {
                containers(a.putArray("live"), report.getLiveContainers());
                containers(a.putArray("reserved"), report.getReservedContainers());
                a.put("pending", report.isPending());
            }
            Resource headroom = headrooms.get(e.getKey());
            if (headroom != null) {
                resource(a.putObject("headroom"), headroom);
            }
            Long expiry = app.getApplicationTimeouts().get(ApplicationTimeoutType.LIFETIME);
            if (expiry != null) {
                a.put("lifetime", expiry - app.getSubmitTime());
            }
        }
        ObjectNode states = result.putObject("states");
        for (ConcurrentMap<NodeId, RMNode> some : Arrays.asList(rm.getRMContext().getRMNodes(), rm.getRMContext().getInactiveRMNodes())) {
            some.values().forEach(n -> states.put(n.getHostName(), n.getState().name()));
        }
        ObjectNode allNodes = result.putObject("nodes");
        for (Map.Entry<String, MockNM> e : nodes.entrySet()) {
            NodeId id = e.getValue().getNodeId();
            SchedulerNodeReport report = scheduler.getNodeReport(id);
            if (report != null) {
                resource(allNodes.putObject(e.getKey()), report.getUsedResource());
            }
        }
        if (scheduler instanceof CapacityScheduler) {
            ObjectNode queues = result.putObject("queues");
            queue(queues, ((CapacityScheduler) scheduler).getRootQueue());
        } else if (scheduler instanceof FairScheduler) {
            queue(result.putObject("queues"), ((FairScheduler) scheduler).getQueueManager().getRootQueue());
        }
    }

    private static void queue(ObjectNode out, FSQueue q) {
        ObjectNode o = out.putObject(q.getQueueName());
        resource(o.putObject("used"), q.getResourceUsage());
        resource(o.putObject("fairShare"), q.getFairShare());
        q.getChildQueues().forEach(c -> queue(out, c));
    }

    private static void queue(ObjectNode out, CSQueue q) {
        ObjectNode o = out.putObject(q.getQueuePath());
        resource(o.putObject("used"), q.getUsedResources());
        o.put("state", q.getState().name());
        ObjectNode guaranteed = o.putObject("guaranteed");
        ObjectNode taken = o.putObject("taken");
        for (String label : q.getQueueCapacities().getExistingNodeLabels()) {
            part(guaranteed, label, q.getQueueCapacities().getAbsoluteCapacity(label));
            part(taken, label, q.getQueueCapacities().getAbsoluteUsedCapacity(label));
        }
        List<CSQueue> children = q.getChildQueues();
        if (children != null) {
            children.forEach(c -> queue(out, c));
        }
    }

    private static void part(ObjectNode out, String label, float part) {
        if (part != 0) {
            out.put(label, (double) part);
        }
    }

    private static void containers(ArrayNode out, Collection<RMContainer> containers) {
        TreeMap<Long, RMContainer> sorted = new TreeMap<>();
        for (RMContainer c : containers == null ? Collections.<RMContainer>emptyList() : containers) {
            sorted.put(c.getContainerId().getContainerId(), c);
        }
        for (RMContainer c : sorted.values()) {
            ObjectNode o = out.addObject();
            o.put("id", c.getContainerId().getContainerId());
            NodeId node = c.getReservedNode() != null ? c.getReservedNode() : c.getContainer().getNodeId();
            o.put("node", node.getHost());
            o.put("state", c.getState().name());
            resource(o.putObject("size"), c.getReservedNode() != null ? c.getReservedResource() : c.getContainer().getResource());
        }
    }

    private static void resource(ObjectNode out, Resource r) {
        out.put("memory", r.getMemorySize());
        out.put("vcores", r.getVirtualCores());
        ResourceInformation[] all = r.getResources();
        for (int i = 2; i < all.length; i++) {
            if (all[i].getValue() != 0) {
                out.put(all[i].getName(), all[i].getValue());
            }
        }
    }

    /** {memory, vcores, resources: {name: amount}} */
    private static Resource amount(JsonNode s) {
        Resource r = Resource.newInstance(s.get("memory").asLong(), s.path("vcores").asInt(1));
        s.path("resources").fields().forEachRemaining(e -> r.setResourceValue(e.getKey(), e.getValue().asLong()));
        return r;
    }
}
