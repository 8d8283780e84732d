import { control } from '../../simulator/control/control.ts'
import { shop, SUCCESS_REPLY } from './simulated-shop.ts'

/** A shop with a payment, and the control interface of its simulated WeChat. The shop accepts every notice. */
export async function controlledShop() {
  const world = shop()
  const transactionId = await world.paid()
  const posted: string[] = []
  const deliver = async (request: Request) => {
    posted.push(await request.text())
    return new Response(SUCCESS_REPLY)
  }
  const call = async (path: string, body?: unknown) => {
    const request = new Request(
      `http://wechat.test/_control/${path}`,
      body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) },
    )
    const { wechat: simulator, clock } = world
    const response = await control(request, { simulator, clock, deliver })
    return { status: response.status, json: (await response.json()) as Record<string, unknown> }
  }
  return { ...world, transactionId, posted, call }
}
