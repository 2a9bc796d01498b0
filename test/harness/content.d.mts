/** Bytes that tell where they belong. */
export function content(name: string, length: number): Buffer
