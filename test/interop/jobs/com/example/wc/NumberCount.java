package com.example.wc;

import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** Counts numbers without end, from a source that can be stopped and that keeps its place in savepoints; each version of Flink since 1.14 runs it. */
public final class NumberCount {
    private NumberCount() {}

    public static void main(String[] args) throws Exception {
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        env.fromSource(new NumberSequenceSource(1, Long.MAX_VALUE), WatermarkStrategy.noWatermarks(), "numbers")
                .map(NumberCount::slowly)
                .keyBy(number -> number % 2)
                .map(number -> Tuple2.of("number", number))
                .returns(Types.TUPLE(Types.STRING, Types.LONG))
                .keyBy(pair -> pair.f0)
                .reduce((count, next) -> Tuple2.of(count.f0, Math.max(count.f1, next.f1)))
                .print();
        env.execute("number count");
    }

    private static Long slowly(Long number) throws InterruptedException {
        Thread.sleep(20);
        return number;
    }
}
