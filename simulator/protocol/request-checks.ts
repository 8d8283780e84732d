import { REQUEST_BYTES_MAX } from '../lib/limits.ts'
import { isSignedBy, isSignType } from '../lib/sign.ts'
import { parseXml } from '../lib/xml.ts'
import type { World } from '../state/world.ts'
import type { CheckedRequest, PayEndpoint } from './endpoint.ts'
import type { ParameterRule } from './parameter-rule.ts'
import {
  APPID_NOT_BOUND,
  BAD_SIGN,
  BAD_XML,
  badFormat,
  type GatewayRefusal,
  badLength,
  MISSING_PARAMETER,
  UNDOCUMENTED_PARAMETER,
  UNKNOWN_APPID,
  UNKNOWN_MCH_ID,
  WRONG_METHOD,
} from './refusals.ts'

/** A request that passed the gateway's checks, or the gateway's refusal. */
export type Checked = { ok: true; request: CheckedRequest } | { ok: false; refusal: GatewayRefusal }

const encoder = new TextEncoder()

const ENVELOPE: Readonly<Record<string, ParameterRule>> = {
  appid: { required: true, bytesMax: 32 },
  mch_id: { required: true, bytesMax: 32, format: (value) => /^\d+$/.test(value) },
  nonce_str: { required: true, bytesMax: 32 },
  sign: { required: true, bytesMax: 64 },
  sign_type: { bytesMax: 32, format: isSignType },
}

/**
 * Checks a request as the gateway does, in the order that agrees best with WeChat's published answers. Every refusal is
 * unsigned.
 */
export async function checkRequest(
  request: Request,
  endpoint: PayEndpoint,
  world: World,
): Promise<Checked> {
  if (request.method !== 'POST') return { ok: false, refusal: WRONG_METHOD }
  const elements = readElements(new Uint8Array(await request.arrayBuffer()))
  if (elements === undefined) return { ok: false, refusal: BAD_XML }

  const rules = { ...ENVELOPE, ...endpoint.parameters }
  for (const name of elements.keys()) {
    // Object.hasOwn ignores inherited members, so an element <constructor> does not count as a documented parameter.
    if (!Object.hasOwn(rules, name)) return { ok: false, refusal: UNDOCUMENTED_PARAMETER }
  }

  const fields = new Map([...elements].filter(([, value]) => value !== ''))
  const typeName = fields.get('sign_type') ?? 'MD5'
  const refusal =
    checkMerchant(fields, world) ??
    checkParameters(fields, rules) ??
    endpoint.check?.(fields, world) ??
    // `elements` are all elements that the client sent, `fields` only the non-empty ones. Both have the same sign, because empty
    // elements are not part of the signed text.
    (isSignType(typeName) && isSignedBy(elements, world.merchant.apiKey, typeName)
      ? undefined
      : BAD_SIGN) ??
    endpoint.checkSigned?.(fields, world)
  if (refusal !== undefined) return { ok: false, refusal }
  return { ok: true, request: { fields, signType: isSignType(typeName) ? typeName : 'MD5' } }
}

/** Reads the elements of a request body; `undefined` when the body is not a message of WeChat Pay V2. */
export function readElements(bytes: Uint8Array): ReadonlyMap<string, string> | undefined {
  if (bytes.byteLength === 0 || bytes.byteLength > REQUEST_BYTES_MAX) return undefined
  try {
    const parsed = parseXml(
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes),
    )
    return parsed.ok ? parsed.fields : undefined
  } catch (error) {
    // TextDecoder throws a TypeError for bytes that are not UTF-8, so such a body counts as malformed.
    if (error instanceof TypeError) return undefined
    throw error
  }
}

function checkMerchant(
  fields: ReadonlyMap<string, string>,
  world: World,
): GatewayRefusal | undefined {
  const mchId = fields.get('mch_id')
  const appid = fields.get('appid')
  if (mchId === undefined || appid === undefined) return MISSING_PARAMETER
  const malformed =
    checkLength('mch_id', mchId, ENVELOPE['mch_id']) ??
    checkFormat('mch_id', mchId, ENVELOPE['mch_id']) ??
    checkLength('appid', appid, ENVELOPE['appid'])
  if (malformed !== undefined) return malformed
  if (mchId !== world.merchant.mchId) return UNKNOWN_MCH_ID
  if (world.strict.unboundAppids.includes(appid)) return APPID_NOT_BOUND
  if (!world.platform.miniPrograms.has(appid)) return UNKNOWN_APPID
  return undefined
}

/** Checks all parameters for a missing one first, then all for a wrong length, then all for a wrong format. */
function checkParameters(
  fields: ReadonlyMap<string, string>,
  rules: Readonly<Record<string, ParameterRule>>,
): GatewayRefusal | undefined {
  for (const [name, rule] of Object.entries(rules)) {
    if (rule.required === true && !fields.has(name)) return MISSING_PARAMETER
  }
  for (const check of [checkLength, checkFormat]) {
    for (const [name, value] of fields) {
      const refusal = check(name, value, rules[name])
      if (refusal !== undefined) return refusal
    }
  }
  return undefined
}

function checkLength(
  name: string,
  value: string,
  rule?: ParameterRule,
): GatewayRefusal | undefined {
  const bytes = encoder.encode(value).byteLength
  if (rule === undefined || (bytes <= rule.bytesMax && bytes >= (rule.bytesMin ?? 0))) {
    return undefined
  }
  return badLength(name)
}

function checkFormat(
  name: string,
  value: string,
  rule?: ParameterRule,
): GatewayRefusal | undefined {
  if (rule?.format === undefined || rule.format(value)) return undefined
  return rule.refusal ?? badFormat(name)
}
