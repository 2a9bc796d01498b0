package com.example.bench;

import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.Collector;

/** The same counts as Counts.ts, in a cluster within this process: generator RECORDS PARALLELISM, or words PORT PARALLELISM. */
public class Counts {
    public static void main(String[] args) throws Exception {
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        env.setParallelism(Integer.parseInt(args[2]));
        if (args[0].equals("generator")) {
            env.fromSequence(1, Long.parseLong(args[1]))
                    .map(n -> Tuple2.of(n % 1000, 1L)).returns(Types.TUPLE(Types.LONG, Types.LONG))
                    .keyBy(t -> t.f0).sum(1)
                    .filter(t -> t.f1 < 0).print();
        } else {
            DataStream<String> lines = env.socketTextStream("localhost", Integer.parseInt(args[1]));
            lines.flatMap((String line, Collector<Tuple2<String, Long>> out) -> {
                        for (String word : line.split(" ")) {
                            out.collect(Tuple2.of(word, 1L));
                        }
                    }).returns(Types.TUPLE(Types.STRING, Types.LONG))
                    .keyBy(t -> t.f0).sum(1)
                    .filter(t -> t.f1 < 0).print();
        }
        System.out.println("ran for " + env.execute("counts").getNetRuntime() + " ms");
    }
}
