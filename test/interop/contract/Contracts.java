import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSMainOperationsBaseTest;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileContextCreateMkdirBaseTest;
import org.apache.hadoop.fs.FileContextMainOperationsBaseTest;
import org.apache.hadoop.fs.FileContextPermissionBase;
import org.apache.hadoop.fs.FileContextURIBase;
import org.apache.hadoop.fs.FileContextUtilBase;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FileSystemContractBaseTest;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.contract.*;
import org.apache.hadoop.hdfs.HdfsConfiguration;
import org.junit.Before;
import org.junit.BeforeClass;
import org.junit.runner.Description;
import org.junit.runner.JUnitCore;
import org.junit.runner.notification.Failure;
import org.junit.runner.notification.RunListener;

/**
 * Runs Hadoop's FileSystem contract tests against a running store and prints one JSON object a line for each test.
 *
 * Arguments: the file system's URI, the resource with the contract's options, then names of suites (none: all).
 * The suites on ETags and stream statistics are left out: they ask for interfaces that no HDFS client class has.
 */
public final class Contracts {
  private static URI uri;
  private static String options;

  private static final class Store extends AbstractFSContract {
    Store(Configuration conf) {
      super(conf);
      addConfResource("contract/hdfs.xml");
      if (!options.equals("contract/hdfs.xml")) addConfResource(options);
    }

    @Override
    public FileSystem getTestFileSystem() throws java.io.IOException {
      return FileSystem.get(uri, getConf());
    }

    @Override
    public String getScheme() {
      return uri.getScheme();
    }

    @Override
    public Path getTestPath() {
      return new Path("/test");
    }
  }

  public static final class Append extends AbstractContractAppendTest {
    @Override protected AbstractFSContract createContract(Configuration conf) { return new Store(conf); }
  }

  public static final class Concat extends AbstractContractConcatTest {
    @Override protected AbstractFSContract createContract(Configuration conf) { return new Store(conf); }
  }

  public static final class ContentSummary extends AbstractContractContentSummaryTest {
    @Override protected AbstractFSContract createContract(Configuration conf) { return new Store(conf); }
  }

  public static final class CopyFromLocal extends AbstractContractCopyFromLocalTest {
    @Override protected AbstractFSContract createContract(Configuration conf) { return new Store(conf); }
  }

  public static final class Create extends AbstractContractCreateTest {
    @Override protected AbstractFSContract createContract(Configuration conf) { return new Store(conf); }
  }

  public static final class Delete extends AbstractContractDeleteTest {
    @Override protected AbstractFSContract createContract(Configuration conf) { return new Store(conf); }
  }

  public static final class GetFileStatus extends AbstractContractGetFileStatusTest {
    @Override protected AbstractFSContract createContract(Configuration conf) { return new Store(conf); }
  }

  public static final class LeaseRecovery extends AbstractContractLeaseRecoveryTest {
    @Override protected AbstractFSContract createContract(Configuration conf) { return new Store(conf); }
  }

  public static final class Mkdir extends AbstractContractMkdirTest {
    @Override protected AbstractFSContract createContract(Configuration conf) { return new Store(conf); }
  }

  public static final class MultipartUploader extends AbstractContractMultipartUploaderTest {
    @Override protected AbstractFSContract createContract(Configuration conf) { return new Store(conf); }
    // As HDFS: parts are files that are put together, of any size, and any number of uploads may go to one path.
    @Override protected int partSizeInBytes() { return 1024; }
    @Override protected boolean finalizeConsumesUploadIdImmediately() { return true; }
    @Override protected boolean supportsConcurrentUploadsToSamePath() { return true; }
  }

  public static final class Open extends AbstractContractOpenTest {
    @Override protected AbstractFSContract createContract(Configuration conf) { return new Store(conf); }
  }

  public static final class PathHandle extends AbstractContractPathHandleTest {
    public PathHandle(String name, Options.HandleOpt[] opts, boolean serialized) { super(name, opts, serialized); }
    @Override protected AbstractFSContract createContract(Configuration conf) { return new Store(conf); }
  }

  public static final class Rename extends AbstractContractRenameTest {
    @Override protected AbstractFSContract createContract(Configuration conf) { return new Store(conf); }
  }

  public static final class RootDirectory extends AbstractContractRootDirectoryTest {
    @Override protected AbstractFSContract createContract(Configuration conf) { return new Store(conf); }
  }

  public static final class SafeMode extends AbstractContractSafeModeTest {
    @Override protected AbstractFSContract createContract(Configuration conf) { return new Store(conf); }
  }

  public static final class Seek extends AbstractContractSeekTest {
    @Override protected AbstractFSContract createContract(Configuration conf) { return new Store(conf); }
  }

  public static final class SetTimes extends AbstractContractSetTimesTest {
    @Override protected AbstractFSContract createContract(Configuration conf) { return new Store(conf); }
  }

  public static final class Unbuffer extends AbstractContractUnbufferTest {
    @Override protected AbstractFSContract createContract(Configuration conf) { return new Store(conf); }
  }

  public static final class VectoredRead extends AbstractContractVectoredReadTest {
    public VectoredRead(String bufferType) { super(bufferType); }
    // One of them waits for good where a stream's capabilities are what WebHDFS's are: no need to wait three minutes for it.
    @Override protected int getTestTimeoutMillis() { return 20_000; }
    @Override protected AbstractFSContract createContract(Configuration conf) { return new Store(conf); }
  }

  // The suites that were there before the contract was written down; the home folder is the working folder, as HDFS's own tests have it.

  public static final class FileSystemBase extends FileSystemContractBaseTest {
    @Before public void setUp() throws Exception {
      Configuration conf = new HdfsConfiguration();
      conf.set("fs.permissions.umask-mode", TEST_UMASK);
      fs = FileSystem.newInstance(uri, conf);
    }
    @Override protected String getDefaultWorkingDirectory() { return fs.getHomeDirectory().toUri().getPath(); }
  }

  public static final class FileSystemMain extends FSMainOperationsBaseTest {
    public FileSystemMain() { super("/tmp/main-operations"); }
    @Override protected FileSystem createFileSystem() throws Exception { return FileSystem.get(uri, new HdfsConfiguration()); }
    @Override protected Path getDefaultWorkingDirectory() throws java.io.IOException { return fSys.getHomeDirectory(); }
  }

  private static FileContext context() throws java.io.IOException {
    return FileContext.getFileContext(uri, new HdfsConfiguration());
  }

  public static final class ContextMain extends FileContextMainOperationsBaseTest {
    @BeforeClass public static void connect() throws Exception { fc = context(); }
    @Override protected Path getDefaultWorkingDirectory() throws java.io.IOException { return fc.getHomeDirectory(); }
    @Override protected boolean listCorruptedBlocksSupported() { return true; }
  }

  public static final class ContextCreateMkdir extends FileContextCreateMkdirBaseTest {
    @BeforeClass public static void connect() throws Exception { fc = context(); }
  }

  public static final class ContextPermission extends FileContextPermissionBase {
    @Override protected FileContext getFileContext() throws Exception { return context(); }
  }

  public static final class ContextUri extends FileContextURIBase {
    @Before public void setUp() throws Exception { fc1 = fc2 = context(); }
  }

  public static final class ContextUtil extends FileContextUtilBase {
    @Before public void setUp() throws Exception { fc = context(); super.setUp(); }
  }

  private static final Class<?>[] SUITES = {
    Append.class, Concat.class, ContentSummary.class, CopyFromLocal.class, Create.class, Delete.class, GetFileStatus.class,
    LeaseRecovery.class, Mkdir.class, MultipartUploader.class, Open.class, PathHandle.class, Rename.class, RootDirectory.class,
    SafeMode.class, Seek.class, SetTimes.class, Unbuffer.class, VectoredRead.class,
    FileSystemBase.class, FileSystemMain.class,
    ContextMain.class, ContextCreateMkdir.class, ContextPermission.class, ContextUri.class, ContextUtil.class,
  };

  /** One line a test. Parameterized tests may share a name; the second and later ones get a number. */
  private static final class Lines extends RunListener {
    private final PrintStream out;
    private final Map<String, Integer> names = new HashMap<>();
    private String outcome;
    private Throwable reason;
    private long started;

    Lines(PrintStream out) {
      this.out = out;
    }

    @Override
    public void testStarted(Description test) {
      outcome = "passed";
      reason = null;
      started = System.nanoTime();
    }

    @Override
    public void testAssumptionFailure(Failure failure) {
      outcome = "skipped";
      reason = failure.getException();
      if (failure.getDescription().isSuite()) print(failure.getDescription());
    }

    @Override
    public void testFailure(Failure failure) {
      outcome = "failed";
      reason = failure.getException();
      if (failure.getDescription().isSuite()) print(failure.getDescription());
    }

    @Override
    public void testIgnored(Description test) {
      testStarted(test);
      outcome = "skipped";
      print(test);
    }

    @Override
    public void testFinished(Description test) {
      print(test);
    }

    private void print(Description test) {
      String suite = test.getTestClass() == null ? test.getClassName() : test.getTestClass().getSimpleName();
      String name = suite + "." + (test.getMethodName() == null ? "(suite)" : test.getMethodName());
      int number = names.merge(name, 1, Integer::sum);
      long ms = (System.nanoTime() - started) / 1_000_000;
      out.println("{\"test\":" + quoted(number == 1 ? name : name + "#" + number) + ",\"outcome\":\"" + outcome + "\",\"ms\":" + ms
          + (reason == null ? "" : ",\"reason\":" + quoted(firstLine(reason))) + "}");
      out.flush();
      if (outcome.equals("failed") && System.getenv("CONTRACT_TRACES") != null) reason.printStackTrace(System.err);
    }

    private static String firstLine(Throwable t) {
      String message = t.getMessage();
      String line = message == null ? "" : message.split("\n", 2)[0];
      return t.getClass().getSimpleName() + (line.isEmpty() ? "" : ": " + line);
    }

    private static String quoted(String s) {
      StringBuilder b = new StringBuilder("\"");
      for (char c : s.toCharArray()) {
        if (c == '"' || c == '\\') b.append('\\').append(c);
        else if (c < ' ' || c > '~') b.append(String.format("\\u%04x", (int) c));
        else b.append(c);
      }
      return b.append('"').toString();
    }
  }

  public static void main(String[] args) throws Exception {
    uri = URI.create(args[0]);
    options = args[1];
    // Standard output is the results' alone, whatever a test prints.
    PrintStream results = new PrintStream(System.out, false, StandardCharsets.UTF_8.name());
    System.setOut(System.err);
    HdfsConfiguration.init();
    JUnitCore core = new JUnitCore();
    core.addListener(new Lines(results));
    for (Class<?> suite : SUITES) {
      boolean wanted = args.length == 2;
      for (int i = 2; i < args.length; i++) wanted |= args[i].equals(suite.getSimpleName());
      if (wanted) core.run(suite);
    }
    results.println("{\"done\":true}");
    results.flush();
    // Clients leave threads behind.
    Runtime.getRuntime().halt(0);
  }
}
