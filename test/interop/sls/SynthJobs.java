import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.yarn.sls.synthetic.SynthJob;
import org.apache.hadoop.yarn.sls.synthetic.SynthTraceJobProducer;

/** The jobs that Hadoop's load simulator makes of SYNTH traces: a line of JSON for each. */
public final class SynthJobs {
  public static void main(String[] files) throws Exception {
    for (String file : files) {
      Configuration conf = new Configuration();
      conf.set("fs.defaultFS", "file:///");
      SynthTraceJobProducer producer = new SynthTraceJobProducer(conf, new Path(file));
      for (SynthJob job; (job = (SynthJob) producer.getNextJob()) != null;) {
        StringBuilder tasks = new StringBuilder();
        for (SynthJob.SynthTask t : job.getTasks()) {
          tasks.append(tasks.length() == 0 ? "" : ",").append(
              String.format("[\"%s\",%d,%d,%d,%d]", t.getType(), t.getTime(), t.getMemory(), t.getVcores(), t.getPriority()));
        }
        System.out.printf("{\"class\":\"%s\",\"user\":\"%s\",\"queue\":\"%s\",\"at\":%d,\"duration\":%d,\"deadline\":%d,\"tasks\":[%s]}%n",
            job.getName().replaceAll("_\\d+$", ""), job.getUser(), job.getQueueName(), job.getSubmissionTime(), job.getDuration(),
            job.hasDeadline() ? job.getDeadline() - job.getSubmissionTime() : -1, tasks);
      }
    }
  }
}
