'use strict'
// Runs many commands of dist/hdfs.cjs in one process. A line of standard input is [user, program, ...args]; after each command
// a mark with its exit code goes to both outputs.
const path = require('node:path')
const readline = require('node:readline')
const { main } = require(path.resolve(__dirname, '../../../dist/hdfs.cjs'))

const mark = (code) => `\u0001${code}\n`

async function run() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [user, program, ...args] = JSON.parse(line)
    process.env.HADOOP_USER_NAME = user
    const code = await main(program, args)
    process.stdout.write(mark(code))
    process.stderr.write(mark(code))
  }
}
run()
