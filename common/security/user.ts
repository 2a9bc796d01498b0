/** Who this process acts as, without Kerberos (org.apache.hadoop.security.UserGroupInformation). */
import os from 'node:os'

/** HADOOP_USER_NAME, else the user of the operating system. */
export function currentUser(): string {
  return process.env.HADOOP_USER_NAME || os.userInfo().username
}
