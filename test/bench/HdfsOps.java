import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.*;

/** The same operations as hdfs-ops.ts, with Hadoop's own client: CLIENTS COUNT OPERATION… */
public class HdfsOps {
  interface Operation { void run(FileSystem fs, String root, int i) throws Exception; }

  static final int LISTINGS = 5;

  public static void main(String[] args) throws Exception {
    int clients = Integer.parseInt(args[0]);
    int count = Integer.parseInt(args[1]);
    List<String> names = Arrays.asList(args).subList(2, args.length);
    FileSystem[] fs = new FileSystem[clients];
    for (int i = 0; i < clients; i++) fs[i] = FileSystem.newInstance(new Configuration());
    byte[] small = new byte[4096];
    Map<String, Operation> operations = new HashMap<>();
    operations.put("mkdir", (f, root, i) -> f.mkdirs(new Path(root + "/d" + i)));
    operations.put("create", (f, root, i) -> f.create(new Path(root + "/f" + i)).close());
    operations.put("stat", (f, root, i) -> f.getFileStatus(new Path(root + "/f" + i)));
    operations.put("rename", (f, root, i) -> f.rename(new Path(root + "/f" + i), new Path(root + "/g" + i)));
    operations.put("delete", (f, root, i) -> f.delete(new Path(root + "/g" + i), false));
    operations.put("small", (f, root, i) -> {
      try (FSDataOutputStream out = f.create(new Path(root + "/s" + i))) { out.write(small); }
    });
    String root = "/bench-java-" + ProcessHandle.current().pid();
    for (String at : List.of(root + "/warm", root)) {
      fs[0].mkdirs(new Path(at));
      for (String name : names) {
        Operation operation = operations.get(name);
        if (operation == null) continue;
        double millis = time(operation, at, fs, at.equals(root) ? count : (count + 4) / 5);
        if (at.equals(root)) System.out.println(name + " " + millis);
      }
    }
    if (names.contains("fill")) time((f, at, i) -> f.mkdirs(new Path(at + "/entry-" + i)), "/bench-list", fs, count);
    if (names.contains("list")) {
      long begun = 0;
      for (int i = 0; i <= LISTINGS; i++) {
        if (i == 1) begun = System.nanoTime();
        if (fs[0].listStatus(new Path("/bench-list")).length != count) throw new IllegalStateException("the listing is not whole");
      }
      System.out.println("list " + (System.nanoTime() - begun) / 1e6 / LISTINGS);
    }
    fs[0].delete(new Path(root), true);
    System.exit(0);
  }

  /** @return milliseconds for each */
  static double time(Operation operation, String root, FileSystem[] fs, int times) throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(fs.length);
    AtomicInteger next = new AtomicInteger();
    long begun = System.nanoTime();
    List<Future<?>> all = new ArrayList<>();
    for (FileSystem f : fs) {
      all.add(pool.submit(() -> {
        for (int i; (i = next.getAndIncrement()) < times; ) operation.run(f, root, i);
        return null;
      }));
    }
    for (Future<?> one : all) one.get();
    pool.shutdown();
    return (System.nanoTime() - begun) / 1e6 / times;
  }
}
