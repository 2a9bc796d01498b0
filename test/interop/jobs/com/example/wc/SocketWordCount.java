package com.example.wc;

import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.Collector;

/** Words counted as they come over a socket: {@code --host H --port P}, read by hand: Flink 2 has moved ParameterTool. */
public final class SocketWordCount {
    private SocketWordCount() {}

    public static void main(String[] args) throws Exception {
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        env.socketTextStream(args[1], Integer.parseInt(args[3]))
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
