import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Constructor;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.hdfs.HdfsConfiguration;
import org.apache.hadoop.security.UserGroupInformation;
import org.apache.hadoop.util.Tool;
import org.apache.hadoop.util.ToolRunner;
import org.apache.hadoop.yarn.client.cli.YarnCLI;
import org.apache.hadoop.yarn.conf.YarnConfiguration;

/**
 * Runs Hadoop's own command line programs one after the other in one JVM. A line in: the user, what the program reads, its class and its
 * arguments, each base64, parted by tabs. A line out: the exit code and what was written, each base64.
 */
public final class Commands {
  public static void main(String[] ignored) throws Exception {
    HdfsConfiguration.init();
    PrintStream answers = System.out;
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
    for (String line; (line = lines.readLine()) != null; ) {
      String[] words = Arrays.stream(line.split("\t", -1)).map(Commands::decoded).toArray(String[]::new);
      System.setProperty("HADOOP_USER_NAME", words[0]);
      UserGroupInformation.reset();
      System.setIn(new ByteArrayInputStream(words[1].getBytes("UTF-8")));
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      ByteArrayOutputStream err = new ByteArrayOutputStream();
      // Some take the streams when they are made, some are handed them.
      System.setOut(new PrintStream(out, true, "UTF-8"));
      System.setErr(new PrintStream(err, true, "UTF-8"));
      int code;
      try {
        Configuration conf = new YarnConfiguration();
        Tool tool = made(Class.forName(words[2]), conf);
        if (tool instanceof YarnCLI) {
          ((YarnCLI) tool).setSysOutPrintStream(System.out);
          ((YarnCLI) tool).setSysErrPrintStream(System.err);
        }
        code = ToolRunner.run(conf, tool, Arrays.copyOfRange(words, 3, words.length));
      } catch (Throwable e) {
        e.printStackTrace();
        code = 1;
      }
      FileSystem.closeAll();
      System.out.flush();
      System.err.flush();
      Base64.Encoder base64 = Base64.getEncoder();
      answers.println(code + " " + base64.encodeToString(out.toByteArray()) + " " + base64.encodeToString(err.toByteArray()));
      answers.flush();
    }
  }

  private static String decoded(String word) {
    return new String(Base64.getDecoder().decode(word), StandardCharsets.UTF_8);
  }

  private static Tool made(Class<?> of, Configuration conf) throws ReflectiveOperationException {
    try {
      Constructor<?> constructor = of.getDeclaredConstructor(Configuration.class);
      constructor.setAccessible(true);
      return (Tool) constructor.newInstance(conf);
    } catch (NoSuchMethodException e) {
      return (Tool) of.getDeclaredConstructor().newInstance();
    }
  }
}
