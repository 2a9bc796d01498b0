"""A job of PySpark that shuffles, and writes to and reads from the cluster's store. usage: pi.py OUTPUT"""
import sys
from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("bobbin-pyspark").getOrCreate()
odd = spark.sparkContext.parallelize(range(1000), 2).filter(lambda n: n % 2 == 1).count()
table = spark.createDataFrame([(n, n % 3) for n in range(100)], ["n", "third"])
table.groupBy("third").count().write.parquet(sys.argv[1])
print("odd", odd, "thirds", sorted((r["third"], r["count"]) for r in spark.read.parquet(sys.argv[1]).collect()))
spark.stop()
