import java.util.concurrent.*;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.*;

/** The same operations as hdfs-ops.ts, with Hadoop's own client: CLIENTS COUNT SMALL_COUNT. */
public class HdfsOps {
  interface Operation { void run(FileSystem fs, int i) throws Exception; }

  public static void main(String[] args) throws Exception {
    int clients = Integer.parseInt(args[0]);
    FileSystem[] fs = new FileSystem[clients];
    for (int i = 0; i < clients; i++) fs[i] = FileSystem.newInstance(new Configuration());
    String root = "/bench-java-" + ProcessHandle.current().pid();
    byte[] small = new byte[4096];
    fs[0].mkdirs(new Path(root));
    int count = Integer.parseInt(args[1]);
    time("mkdir", fs, count, (f, i) -> f.mkdirs(new Path(root + "/d" + i)));
    time("create", fs, count, (f, i) -> f.create(new Path(root + "/f" + i)).close());
    time("stat", fs, count, (f, i) -> f.getFileStatus(new Path(root + "/f" + i)));
    time("rename", fs, count, (f, i) -> f.rename(new Path(root + "/f" + i), new Path(root + "/g" + i)));
    time("delete", fs, count, (f, i) -> f.delete(new Path(root + "/g" + i), false));
    time("small", fs, Integer.parseInt(args[2]), (f, i) -> {
      try (FSDataOutputStream out = f.create(new Path(root + "/s" + i))) { out.write(small); }
    });
    fs[0].delete(new Path(root), true);
    System.exit(0);
  }

  static void time(String name, FileSystem[] fs, int count, Operation operation) throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(fs.length);
    AtomicInteger next = new AtomicInteger();
    long begun = System.nanoTime();
    for (FileSystem f : fs) {
      pool.submit(() -> {
        for (int i; (i = next.getAndIncrement()) < count; ) operation.run(f, i);
        return null;
      });
    }
    pool.shutdown();
    pool.awaitTermination(10, TimeUnit.MINUTES);
    System.out.println(name + " " + (System.nanoTime() - begun) / 1e6 / count);
  }
}
