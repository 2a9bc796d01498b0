#!/usr/bin/env node
require('./launch.cjs')('flink', 'yarn-session.sh')
