/** Signed messages of WeChat, written with the simulator's XML and signature. */
import { sign } from '../../../simulator/lib/sign.ts'
import { formatXml } from '../../../simulator/lib/xml.ts'
import type { Chance } from '../../simulation/run/random.ts'
import { OLD_KEY, API_KEY, MERCHANT } from '../run/world.ts'
import { mutateBytes, noise } from './bytes.ts'
import { hostileXml } from './hostile-xml.ts'
import { type Answer, type EndpointName, utf8 } from './input.ts'

/** The elements of a message. */
export type Fields = Readonly<Record<string, string>>

const HEAD: Fields = {
  return_code: 'SUCCESS',
  return_msg: 'OK',
  appid: MERCHANT.appid,
  mch_id: MERCHANT.mchId,
  nonce_str: 'n',
  result_code: 'SUCCESS',
}

/** An answer of WeChat as XML, signed with the key. @param said What is added to, or replaces, the usual elements. */
export function signedXml(said: Fields, key: string, type: 'MD5' | 'HMAC-SHA256' = 'MD5'): string {
  const fields = { ...HEAD, ...said }
  return formatXml({ ...fields, sign: sign(fields, key, type) })
}

/** An answer of WeChat, or what an attacker or a broken connection makes of it. Two in three are genuine. */
export function spoiled(chance: Chance, endpoint: EndpointName, said: Fields): Answer {
  if (chance.happens(endpoint === 'refund' ? 0.2 : 0.06))
    return { endpoint, what: chance.pick(['stalls', 'drops', 'breaks']) }
  const status = chance.happens(0.96) ? 200 : chance.pick([201, 302, 400, 404, 500, 502, 530])
  return { endpoint, what: { status, bytes: spoiledBytes(chance, said) } }
}

function spoiledBytes(chance: Chance, said: Fields): Uint8Array<ArrayBuffer> {
  const genuine = signedXml(said, API_KEY)
  switch (chance.below(18)) {
    case 0:
      return utf8(signedXml(said, chance.pick([OLD_KEY, '', 'x'.repeat(32), MERCHANT.appSecret])))
    case 1:
      return utf8(signedXml(said, API_KEY, 'HMAC-SHA256'))
    case 2:
      return utf8(genuine.replace(/<sign>.*<\/sign>/, chance.pick(['', '<sign></sign>'])))
    case 3:
      return mutateBytes(chance, utf8(genuine))
    case 4: {
      const hostile = hostileXml(chance, genuine)
      return typeof hostile === 'string' ? utf8(hostile) : hostile.bytes
    }
    case 5:
      // A value changed after the signature was made.
      return utf8(genuine.replace(/\d(?=\]\]><\/(refund_fee|total_fee|refund_status)\w*>)/g, '9'))
    case 6:
      return chance.happens(0.5) ? noise(chance) : utf8(genuine.slice(0, chance.below(400)))
    default:
      return utf8(genuine)
  }
}
