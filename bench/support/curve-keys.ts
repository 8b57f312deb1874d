// Key pairs for benchmarks of CURVE, made once and worth nothing: both processes have to know them.
const SERVER_KEYS = {
  publicKey: '5]T@diChRm/=i0va75geR]ZKefJ.@${ZY?SK9-=I',
  secretKey: '8HQa#452MzD6]%*K?jJ<(XV^pi@M+DAE6zKLk:T@',
}

const CLIENT_KEYS = {
  publicKey: 't()XlX?@eNZIf%XdHn$Nu@*0xB:O(87s9KSdkX>F',
  secretKey: 'Ffs2wx=Z-d*>$CVGH@w1.d+=U0#H=H2z(CNkQ!6r',
}

export const CURVE_SERVER: Readonly<Record<string, unknown>> = {
  curveServer: true,
  curveSecretKey: SERVER_KEYS.secretKey,
}

export const CURVE_CLIENT: Readonly<Record<string, unknown>> = {
  curveServerKey: SERVER_KEYS.publicKey,
  curvePublicKey: CLIENT_KEYS.publicKey,
  curveSecretKey: CLIENT_KEYS.secretKey,
}
