import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.metrics2.lib.DefaultMetricsSystem;
import org.apache.hadoop.security.SecurityUtil;
import org.apache.hadoop.yarn.api.protocolrecords.AllocateRequest;
import org.apache.hadoop.yarn.api.protocolrecords.AllocateResponse;
import org.apache.hadoop.yarn.api.protocolrecords.FinishApplicationMasterRequest;
import org.apache.hadoop.yarn.api.protocolrecords.MoveApplicationAcrossQueuesRequest;
import org.apache.hadoop.yarn.api.records.ApplicationAttemptId;
import org.apache.hadoop.yarn.api.records.ApplicationId;
import org.apache.hadoop.yarn.api.records.Container;
import org.apache.hadoop.yarn.api.records.ContainerId;
import org.apache.hadoop.yarn.api.records.ContainerState;
import org.apache.hadoop.yarn.api.records.ContainerStatus;
import org.apache.hadoop.yarn.api.records.ContainerUpdateType;
import org.apache.hadoop.yarn.api.records.FinalApplicationStatus;
import org.apache.hadoop.yarn.api.records.NodeId;
import org.apache.hadoop.yarn.api.records.Priority;
import org.apache.hadoop.yarn.api.records.Resource;
import org.apache.hadoop.yarn.api.records.ResourceBlacklistRequest;
import org.apache.hadoop.yarn.api.records.ResourceRequest;
import org.apache.hadoop.yarn.api.records.UpdateContainerRequest;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.hadoop.yarn.server.resourcemanager.MockAM;
import org.apache.hadoop.yarn.server.resourcemanager.MockNM;
import org.apache.hadoop.yarn.server.resourcemanager.MockRM;
import org.apache.hadoop.yarn.server.resourcemanager.MockRMAppSubmissionData;
import org.apache.hadoop.yarn.server.resourcemanager.MockRMAppSubmitter;
import org.apache.hadoop.yarn.server.resourcemanager.rmapp.RMApp;
import org.apache.hadoop.yarn.server.resourcemanager.rmapp.attempt.RMAppAttempt;
import org.apache.hadoop.yarn.server.resourcemanager.rmcontainer.RMContainer;
import org.apache.hadoop.yarn.server.resourcemanager.scheduler.AbstractYarnScheduler;
import org.apache.hadoop.yarn.server.resourcemanager.scheduler.SchedulerAppReport;
import org.apache.hadoop.yarn.server.resourcemanager.scheduler.SchedulerNodeReport;
import org.apache.hadoop.yarn.server.resourcemanager.scheduler.capacity.CSQueue;
import org.apache.hadoop.yarn.server.resourcemanager.scheduler.capacity.CapacityScheduler;

/**
 * Runs scenarios step by step in the real ResourceManager (its scheduler, life cycles and application master service, with mock nodes and masters) and
 * says after each step what it decided. One scenario a line on standard input, one line of results a scenario on standard output. The format is described
 * in scenario.ts beside this file.
 */
public final class Driver {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final MockRM rm;
    private final Map<String, MockNM> nodes = new LinkedHashMap<>();
    private final Map<String, ApplicationId> apps = new LinkedHashMap<>();
    private final Map<String, MockAM> masters = new HashMap<>();
    /** What an application master was last told it could still get. */
    private final Map<String, Resource> headrooms = new HashMap<>();

    private Driver(JsonNode scenario) {
        YarnConfiguration conf = new YarnConfiguration();
        conf.set(YarnConfiguration.RM_SCHEDULER, "org.apache.hadoop.yarn.server.resourcemanager.scheduler.capacity.CapacityScheduler");
        conf.setBoolean(YarnConfiguration.RM_SCHEDULER_INCLUDE_PORT_IN_NODE_NAME, false);
        scenario.path("conf").fields().forEachRemaining(e -> conf.set(e.getKey(), e.getValue().asText()));
        rm = new MockRM(conf);
        rm.start();
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
                driver.rm.drainEvents();
                driver.snapshot(result);
                results.add(result);
            }
        } catch (Throwable e) {
            results.add(JSON.createObjectNode().put("refused", String.valueOf(e.getMessage() == null ? e : e.getMessage())));
        } finally {
            if (driver != null) {
                driver.rm.stop();
            }
            DefaultMetricsSystem.shutdown();
        }
        return results;
    }

    private void step(JsonNode step, ObjectNode result) throws Exception {
        String kind = step.fieldNames().next();
        JsonNode s = step.get(kind);
        switch (kind) {
            case "addNode":
                addNode(s);
                break;
            case "removeNode":
                MockNM lost = nodes.remove(s.asText());
                for (MockNM other : nodes.values()) {
                    other.nodeHeartbeat(true);
                }
                rm.drainEvents();
                rm.sendNodeLost(lost);
                break;
            case "heartbeat":
                heartbeat(s);
                break;
            case "submit":
                submit(s);
                break;
            case "launch":
                launch(s.asText());
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
            case "failAttempt":
                rm.failApplicationAttempt(currentAttempt(s.asText()).getAppAttemptId());
                break;
            default:
                throw new IllegalArgumentException("unknown step " + kind);
        }
    }

    private void addNode(JsonNode s) throws Exception {
        String name = s.get("name").asText();
        MockNM nm = rm.registerNode(name + ":1234", Resource.newInstance(s.get("memory").asLong(), s.get("vcores").asInt()));
        nodes.put(name, nm);
    }

    /** {node, containers: [{app, id, state, exit}]} */
    private void heartbeat(JsonNode s) throws Exception {
        MockNM nm = nodes.get(s.get("node").asText());
        Map<ApplicationId, List<ContainerStatus>> statuses = new HashMap<>();
        for (JsonNode c : s.path("containers")) {
            RMApp app = app(c.get("app").asText());
            ContainerId id = containerId(c);
            ContainerStatus status = ContainerStatus.newInstance(id, ContainerState.valueOf(c.get("state").asText()), c.path("diagnostics").asText(""), c.path("exit").asInt(0));
            statuses.computeIfAbsent(app.getApplicationId(), k -> new ArrayList<>()).add(status);
        }
        nm.nodeHeartbeat(statuses, s.path("healthy").asBoolean(true));
    }

    private void submit(JsonNode s) throws Exception {
        MockRMAppSubmissionData.Builder b = MockRMAppSubmissionData.Builder.createWithMemory(s.get("memory").asLong(), rm)
                .withResource(Resource.newInstance(s.get("memory").asLong(), s.path("vcores").asInt(1)))
                .withAppName(s.get("app").asText())
                .withUser(s.path("user").asText("user"))
                .withAcls(null)
                .withUnmanagedAM(false)
                .withWaitForAppAcceptedState(false)
                .withMaxAppAttempts(s.path("maxAttempts").asInt(1))
                .withAppType("YARN");
        if (s.has("queue")) {
            b.withQueue(s.get("queue").asText());
        }
        if (s.has("priority")) {
            b.withAppPriority(Priority.newInstance(s.get("priority").asInt()));
        }
        if (s.has("keepContainers")) {
            b.withKeepContainers(s.get("keepContainers").asBoolean());
        }
        if (s.has("label")) {
            b.withAmLabel(s.get("label").asText());
        }
        RMApp app = MockRMAppSubmitter.submit(rm, b.build());
        apps.put(s.get("app").asText(), app.getApplicationId());
    }

    /** The application master's process came up and registered. */
    private void launch(String name) throws Exception {
        RMAppAttempt attempt = currentAttempt(name);
        MockAM am = rm.sendAMLaunched(attempt.getAppAttemptId());
        rm.drainEvents();
        am.registerAppAttempt(false);
        masters.put(name, am);
    }

    private void allocate(JsonNode s, ObjectNode result) throws Exception {
        String name = s.get("app").asText();
        MockAM am = masters.get(name);
        List<ResourceRequest> asks = new ArrayList<>();
        for (JsonNode a : s.path("ask")) {
            ResourceRequest r = ResourceRequest.newInstance(Priority.newInstance(a.path("priority").asInt(1)), a.path("resource").asText("*"),
                    Resource.newInstance(a.get("memory").asLong(), a.path("vcores").asInt(1)), a.get("count").asInt(), a.path("relax").asBoolean(true));
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
                    Resource.newInstance(u.get("memory").asLong(), u.path("vcores").asInt(1)), null));
        }
        AllocateRequest request = AllocateRequest.newBuilder().askList(asks).releaseList(releases).updateRequests(updates)
                .resourceBlacklistRequest(ResourceBlacklistRequest.newInstance(strings(s.path("blacklist")), strings(s.path("whitelist"))))
                .progress(0.5f).build();
        ArrayNode got = JSON.createArrayNode();
        ArrayNode completed = JSON.createArrayNode();
        answered(name, am.allocate(request), got, completed);
        if (!releases.isEmpty()) {
            // The end of a released container is told in this answer or in the next one, as it happens.
            rm.drainEvents();
            answered(name, am.allocate(AllocateRequest.newBuilder().askList(new ArrayList<>()).releaseList(new ArrayList<>()).progress(0.5f).build()), got, completed);
        }
        result.set("allocated", got);
        result.set("completed", completed);
    }

    private void answered(String name, AllocateResponse response, ArrayNode got, ArrayNode completed) {
        headrooms.put(name, response.getAvailableResources());
        for (Container c : response.getAllocatedContainers()) {
            got.addObject().put("id", c.getId().getContainerId()).put("node", c.getNodeId().getHost()).put("memory", c.getResource().getMemorySize())
                    .put("vcores", c.getResource().getVirtualCores()).put("priority", c.getPriority().getPriority());
        }
        for (ContainerStatus c : response.getCompletedContainersStatuses()) {
            completed.addObject().put("id", c.getContainerId().getContainerId()).put("exit", c.getExitStatus()).put("diagnostics", c.getDiagnostics());
        }
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
        }
    }

    private static void queue(ObjectNode out, CSQueue q) {
        resource(out.putObject(q.getQueuePath()), q.getUsedResources());
        List<CSQueue> children = q.getChildQueues();
        if (children != null) {
            children.forEach(c -> queue(out, c));
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
            resource(o, c.getReservedNode() != null ? c.getReservedResource() : c.getContainer().getResource());
        }
    }

    private static void resource(ObjectNode out, Resource r) {
        out.put("memory", r.getMemorySize());
        out.put("vcores", r.getVirtualCores());
    }
}
