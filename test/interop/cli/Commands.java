import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.Base64;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.util.Tool;
import org.apache.hadoop.util.ToolRunner;
import org.apache.hadoop.yarn.client.cli.YarnCLI;
import org.apache.hadoop.yarn.conf.YarnConfiguration;

/**
 * Runs Hadoop's own command line programs one after the other in one JVM: a line in is a class and its arguments, parted by tabs; a line
 * out is the exit code and what was written, each base64.
 */
public final class Commands {
  public static void main(String[] ignored) throws Exception {
    PrintStream answers = System.out;
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
    for (String line; (line = lines.readLine()) != null; ) {
      String[] words = line.split("\t");
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      ByteArrayOutputStream err = new ByteArrayOutputStream();
      // Some take the streams when they are made, some are handed them.
      System.setOut(new PrintStream(out, true, "UTF-8"));
      System.setErr(new PrintStream(err, true, "UTF-8"));
      int code;
      try {
        Configuration conf = new YarnConfiguration();
        Tool tool = (Tool) Class.forName(words[0]).getDeclaredConstructor().newInstance();
        if (tool instanceof YarnCLI) {
          ((YarnCLI) tool).setSysOutPrintStream(System.out);
          ((YarnCLI) tool).setSysErrPrintStream(System.err);
        }
        code = ToolRunner.run(conf, tool, Arrays.copyOfRange(words, 1, words.length));
      } catch (Throwable e) {
        e.printStackTrace();
        code = 1;
      }
      System.out.flush();
      System.err.flush();
      Base64.Encoder base64 = Base64.getEncoder();
      answers.println(code + " " + base64.encodeToString(out.toByteArray()) + " " + base64.encodeToString(err.toByteArray()));
      answers.flush();
    }
  }
}
