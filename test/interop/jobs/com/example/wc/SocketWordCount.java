package com.example.wc;

import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.utils.ParameterTool;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.Collector;

/** Words counted as they come over a socket: {@code --host H --port P}. */
public final class SocketWordCount {
    private SocketWordCount() {}

    public static void main(String[] args) throws Exception {
        ParameterTool parameters = ParameterTool.fromArgs(args);
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        env.socketTextStream(parameters.get("host"), parameters.getInt("port"))
                .flatMap(SocketWordCount::words)
                .returns(Types.TUPLE(Types.STRING, Types.LONG))
                .keyBy(pair -> pair.f0)
                .sum(1)
                .print();
        env.execute("socket word count");
    }

    private static void words(String line, Collector<Tuple2<String, Long>> out) {
        for (String word : line.split(" ")) {
            out.collect(Tuple2.of(word, 1L));
        }
    }
}
