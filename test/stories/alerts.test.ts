import { describe, expect, it } from 'vitest'
import { paidTwice } from '../../testing/refund-stories.ts'
import { world, type World } from '../../testing/world.ts'

const URL_ = 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=the-key-of-the-group'

/** A world whose operators have a group at WeCom. The group answers in order, then always `ok`. */
function withGroup(vars: Record<string, string> = {}, answers: (() => Response)[] = []) {
  const texts: string[] = []
  const w = world({
    vars: { ALERT_URL: URL_, ...vars },
    async group(request) {
      const { text } = await request.json<{ text: { content: string } }>()
      texts.push(text.content)
      return answers.shift()?.() ?? Response.json({ errcode: 0, errmsg: 'ok' })
    },
  })
  return { w, texts }
}

/** Two runs of the cron: before the first one, the installation has none, which is a trouble, too. */
async function started(w: World): Promise<void> {
  await w.cron()
  w.advance(60)
  await w.cron()
}

/** Opens a review `second_payment`. */
async function openReview(w: World, name: string): Promise<string> {
  const { ordercode } = await paidTwice(w, name)
  await w.deliverNotices()
  await w.settled()
  return ordercode
}

async function minutes(w: World, count: number): Promise<void> {
  for (let minute = 0; minute < count; minute++) {
    w.advance(60)
    await w.cron()
  }
}

describe('the operators’ group', () => {
  it('hears of a review by the next run, once, with the order and a link', async () => {
    const { w, texts } = withGroup()
    await started(w)
    texts.length = 0
    const ordercode = await openReview(w, 'twice')
    await minutes(w, 3)

    const about = texts.filter((text) => text.includes('同一订单付了两次'))
    expect(about).toHaveLength(1)
    expect(about[0]).toContain(ordercode)
    expect(about[0]).toContain('https://pay.test/console/reviews')
  })

  it('hears in one message of everything that came since the last run', async () => {
    const { w, texts } = withGroup()
    await started(w)
    texts.length = 0
    const orders = [await openReview(w, 'one'), await openReview(w, 'two')]
    await minutes(w, 1)

    expect(texts).toHaveLength(1)
    expect(texts[0]).toContain('有 2 件事需要人工复核')
    for (const ordercode of orders) expect(texts[0]).toContain(ordercode)
  })

  it('hears that all reviews are resolved', async () => {
    const { w, texts } = withGroup()
    await openReview(w, 'done')
    await started(w)
    const { reviews } = await (
      await w.shop('GET', '/reviews?open=true')
    ).json<{
      reviews: { id: string }[]
    }>()
    texts.length = 0
    for (const { id } of reviews) {
      await w.shop('POST', `/reviews/${id}/resolve`, { note: 'looked at' })
    }
    await minutes(w, 2)

    expect(texts.filter((text) => text.includes('所有复核都已处理完'))).toHaveLength(1)
  })

  it('gets the same message again when the bot was refused with HTTP 200, but not every minute', async () => {
    const refusal = () => Response.json({ errcode: 93000, errmsg: 'invalid webhook url' })
    const { w, texts } = withGroup({}, [refusal])
    await openReview(w, 'refused')
    await started(w)
    await minutes(w, 30)

    expect(texts).toHaveLength(1)
    expect(w.log).toContainEqual(
      expect.objectContaining({ event: 'alert_not_sent', reason: 'refused' }),
    )
    await minutes(w, 40)
    expect(texts).toHaveLength(2)
    expect(texts[1]).toContain('同一订单付了两次')
  })

  it('gets one message when two runs work at the same time', async () => {
    const { w, texts } = withGroup()
    await started(w)
    await openReview(w, 'both')
    texts.length = 0
    w.advance(60)
    await Promise.all([w.cron(), w.cron()])

    expect(texts.filter((text) => text.includes('同一订单付了两次'))).toHaveLength(1)
  })

  it('hears of a certificate that ends soon', async () => {
    const { w, texts } = withGroup({ WX_CERT_EXPIRES: '2026-12-01' })
    await started(w)

    expect(texts.join()).toContain('商户证书三十天内到期')
  })

  it('never appears in the log with its address', async () => {
    const { w } = withGroup({}, [() => new Response(URL_, { status: 500 })])
    await openReview(w, 'logged')
    await started(w)

    expect(JSON.stringify(w.log)).not.toContain('the-key-of-the-group')
  })

  it('is left alone without ALERT_URL, and a wrong one is told by /health', async () => {
    const { w, texts } = withGroup({ ALERT_URL: 'http://qyapi.weixin.qq.com/' })
    await openReview(w, 'unset')
    await started(w)

    expect(texts).toEqual([])
    const health = await (await w.fetch('/health')).json()
    expect(health).toMatchObject({
      components: expect.arrayContaining([
        { name: 'alerts', status: 'degraded', reason: 'misconfigured', variables: ['ALERT_URL'] },
      ]),
    })
  })
})
