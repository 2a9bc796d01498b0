/** Extended attributes (org.apache.hadoop.fs.XAttr). */
export type XAttrNamespace = 'USER' | 'TRUSTED' | 'SECURITY' | 'SYSTEM' | 'RAW'

export interface XAttr {
  readonly namespace: XAttrNamespace
  readonly name: string
  readonly value: Uint8Array | undefined
}
