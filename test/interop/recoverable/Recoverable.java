import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.JobID;
import org.apache.flink.core.fs.FSDataInputStream;
import org.apache.flink.core.fs.FileStatus;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.fs.Path;
import org.apache.flink.core.fs.RecoverableFsDataOutputStream;
import org.apache.flink.core.fs.RecoverableWriter;
import org.apache.flink.core.fs.RecoverableWriter.CommitRecoverable;
import org.apache.flink.core.fs.RecoverableWriter.ResumeRecoverable;
import org.apache.flink.core.io.SimpleVersionedSerialization;
import org.apache.flink.runtime.state.CheckpointMetadataOutputStream;
import org.apache.flink.runtime.state.CheckpointStateOutputStream;
import org.apache.flink.runtime.state.CheckpointStorageLocation;
import org.apache.flink.runtime.state.CheckpointedStateScope;
import org.apache.flink.runtime.state.CompletedCheckpointStorageLocation;
import org.apache.flink.runtime.state.StreamStateHandle;
import org.apache.flink.runtime.state.filesystem.FileStateHandle;
import org.apache.flink.runtime.state.filesystem.FsCheckpointStorageAccess;

/**
 * Flink's own writers on a file system: `write BASE STATE` leaves files in every state between open and committed and
 * dies without closing anything; `recover BASE STATE`, another JVM, goes on from what the first one noted in STATE.
 */
public final class Recoverable {
    static final JobID JOB = new JobID(7, 42);
    static final int BLOCK = 1 << 20;

    public static void main(String[] args) throws Exception {
        Path base = new Path(args[1]);
        FileSystem fs = FileSystem.get(base.toUri());
        System.out.println("filesystem " + fs.getUri() + " " + fs.getKind() + " distributed=" + fs.isDistributedFS());
        if (args[0].equals("write")) write(fs, base, args[2]);
        else recover(fs, base, args[2]);
        System.out.flush();
        // Nothing is closed, no lease given back.
        Runtime.getRuntime().halt(0);
    }

    static byte[] content(int from, int to) {
        byte[] bytes = new byte[to - from];
        for (int i = from; i < to; i++) bytes[i - from] = (byte) (i * 31 + (i >>> 10));
        return bytes;
    }

    static byte[] junk(int length) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) '?');
        return bytes;
    }

    static RecoverableFsDataOutputStream open(RecoverableWriter writer, Path target, int length) throws IOException {
        RecoverableFsDataOutputStream out = writer.open(target);
        out.write(content(0, length));
        return out;
    }

    /** The stream is persisted at `length`; what follows is written, flushed as far as `flushed`, and not to be kept. */
    static ResumeRecoverable persisted(RecoverableWriter writer, Path target, int length, int flushed, int lost) throws IOException {
        RecoverableFsDataOutputStream out = open(writer, target, length);
        ResumeRecoverable at = out.persist();
        out.write(junk(flushed));
        out.sync();
        out.write(junk(lost));
        return at;
    }

    static void write(FileSystem fs, Path base, String state) throws Exception {
        RecoverableWriter writer = fs.createRecoverableWriter();
        List<String> noted = new ArrayList<>();
        Map<String, ResumeRecoverable> resumed = new HashMap<>();
        resumed.put("inside-block", persisted(writer, new Path(base, "inside-block"), 2 * BLOCK + 12345, 5000, 700));
        resumed.put("blocks-back", persisted(writer, new Path(base, "blocks-back"), BLOCK / 2 + 1, 2 * BLOCK, 10));
        resumed.put("at-block-end", persisted(writer, new Path(base, "at-block-end"), BLOCK, 300, 0));
        resumed.put("nothing-more", persisted(writer, new Path(base, "nothing-more"), 777, 0, 0));
        resumed.put("from-start", persisted(writer, new Path(base, "from-start"), 0, 4000, 0));
        for (Map.Entry<String, ResumeRecoverable> e : resumed.entrySet())
            noted.add("resume " + e.getKey() + " " + bytes(SimpleVersionedSerialization.writeVersionAndSerialize(writer.getResumeRecoverableSerializer(), e.getValue())));

        Map<String, CommitRecoverable> pending = new HashMap<>();
        pending.put("closed", open(writer, new Path(base, "closed"), BLOCK + 99).closeForCommit().getRecoverable());
        pending.put("open-and-longer", (CommitRecoverable) persisted(writer, new Path(base, "open-and-longer"), BLOCK + 17, BLOCK, 5));
        RecoverableFsDataOutputStream.Committer done = open(writer, new Path(base, "committed"), 4242).closeForCommit();
        pending.put("committed", done.getRecoverable());
        System.out.println("before commit committed=" + fs.exists(new Path(base, "committed")));
        done.commit();
        System.out.println("after commit committed=" + fs.exists(new Path(base, "committed")));
        for (Map.Entry<String, CommitRecoverable> e : pending.entrySet())
            noted.add("commit " + e.getKey() + " " + bytes(SimpleVersionedSerialization.writeVersionAndSerialize(writer.getCommitRecoverableSerializer(), e.getValue())));

        FsCheckpointStorageAccess storage = storage(base);
        storage.initializeBaseLocationsForCheckpoint();
        CheckpointStorageLocation first = storage.initializeLocationForCheckpoint(1);
        CheckpointStateOutputStream exclusive = storage.resolveCheckpointStorageLocation(1, first.getLocationReference())
                .createCheckpointStateOutputStream(CheckpointedStateScope.EXCLUSIVE);
        exclusive.write(content(0, BLOCK + 5));
        FileStateHandle handle = (FileStateHandle) exclusive.closeAndGetHandle();
        noted.add("state " + handle.getFilePath() + " " + handle.getStateSize());
        try (CheckpointStateOutputStream abandoned = first.createCheckpointStateOutputStream(CheckpointedStateScope.SHARED)) {
            abandoned.write(content(0, 20000));
        }
        CheckpointMetadataOutputStream metadata = first.createMetadataOutputStream();
        metadata.write(content(0, 3333));
        noted.add("checkpoint " + metadata.closeAndFinalizeCheckpoint().getExternalPointer());
        // The second one is under way when the process dies.
        CheckpointStorageLocation second = storage.initializeLocationForCheckpoint(2);
        CheckpointStateOutputStream cut = second.createCheckpointStateOutputStream(CheckpointedStateScope.EXCLUSIVE);
        cut.write(content(0, BLOCK));
        cut.sync();
        second.createMetadataOutputStream().write(content(0, 100));
        Files.write(Paths.get(state), noted, StandardCharsets.UTF_8);
    }

    static void recover(FileSystem fs, Path base, String state) throws Exception {
        RecoverableWriter writer = fs.createRecoverableWriter();
        StreamStateHandle kept = null;
        FsCheckpointStorageAccess storage = storage(base);
        for (String line : Files.readAllLines(Paths.get(state), StandardCharsets.UTF_8)) {
            String[] part = line.split(" ");
            // Files are noted by name, state by its whole address.
            Path target = part[1].contains(":") ? new Path(part[1]) : new Path(base, part[1]);
            if (part[0].equals("resume")) {
                ResumeRecoverable at = SimpleVersionedSerialization.readVersionAndDeSerialize(writer.getResumeRecoverableSerializer(), Base64.getDecoder().decode(part[2]));
                RecoverableFsDataOutputStream out = writer.recover(at);
                int from = (int) out.getPos();
                out.write(content(from, from + 1000));
                out.persist();
                out.write(content(from + 1000, from + BLOCK));
                out.closeForCommit().commit();
                System.out.println("resumed " + part[1] + " at " + from + ": " + read(fs, target));
            } else if (part[0].equals("commit")) {
                CommitRecoverable at = SimpleVersionedSerialization.readVersionAndDeSerialize(writer.getCommitRecoverableSerializer(), Base64.getDecoder().decode(part[2]));
                writer.recoverForCommit(at).commitAfterRecovery();
                // As after one more failure before the commit was noted.
                writer.recoverForCommit(at).commitAfterRecovery();
                System.out.println("recovered for commit " + part[1] + ": " + read(fs, target));
            } else if (part[0].equals("state")) {
                kept = new FileStateHandle(target, Long.parseLong(part[2]));
                try (FSDataInputStream in = kept.openInputStream()) {
                    in.seek(BLOCK - 3);
                    byte[] across = new byte[6];
                    for (int n = 0; n < across.length; n += in.read(across, n, across.length - n)) { }
                    System.out.println("state across blocks " + Arrays.equals(across, content(BLOCK - 3, BLOCK + 3)));
                }
                System.out.println("state " + read(fs, target));
            } else {
                CompletedCheckpointStorageLocation location = storage.resolveCheckpoint(part[1]);
                System.out.println("metadata " + location.getMetadataHandle().getStateSize());
                System.out.println("metadata " + read(fs, new Path(target, "_metadata")));
                System.out.println("shared left " + names(fs, new Path(target.getParent(), "shared")));
                kept.discardState();
                location.getMetadataHandle().discardState();
                location.disposeStorageLocation();
                System.out.println("checkpoints left " + names(fs, target.getParent()));
            }
        }
        // The third one, after the restart; the one that was under way goes, though its writer's lease is still open.
        Path cut = new Path(base, "checkpoints/" + JOB + "/chk-2");
        System.out.println("cut deleted " + fs.delete(cut, true) + " exists=" + fs.exists(cut));
        CheckpointStorageLocation third = storage.initializeLocationForCheckpoint(3);
        CheckpointMetadataOutputStream metadata = third.createMetadataOutputStream();
        metadata.write(content(0, 10));
        metadata.closeAndFinalizeCheckpoint();
        System.out.println("third " + names(fs, new Path(base, "checkpoints/" + JOB + "/chk-3")));
        System.out.println("left " + names(fs, base));
    }

    static FsCheckpointStorageAccess storage(Path base) throws IOException {
        return new FsCheckpointStorageAccess(new Path(base, "checkpoints"), null, JOB, 1024, 4096);
    }

    static String bytes(byte[] serialized) {
        return Base64.getEncoder().encodeToString(serialized);
    }

    static String names(FileSystem fs, Path dir) throws IOException {
        List<String> names = new ArrayList<>();
        for (FileStatus f : fs.listStatus(dir)) names.add(f.getPath().getName());
        names.sort(null);
        return names.toString();
    }

    static String read(FileSystem fs, Path file) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        long length = 0;
        try (FSDataInputStream in = fs.open(file)) {
            byte[] buffer = new byte[65536];
            for (int n; (n = in.read(buffer)) >= 0; length += n) digest.update(buffer, 0, n);
        }
        StringBuilder hex = new StringBuilder();
        for (byte b : digest.digest()) hex.append(String.format("%02x", b));
        return length + " " + hex;
    }
}
