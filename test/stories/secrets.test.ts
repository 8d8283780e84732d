import { describe, expect, it } from 'vitest'
import { world } from '../../testing/world.ts'

describe('logs and answers', () => {
  it('never contain a key, a token, a signature, a whole openid or a raw message', async () => {
    const w = world()
    const answers: string[] = []
    const openids: string[] = []
    for (const name of ['log-a', 'log-b', 'log-c']) {
      const ordercode = await w.order(name)
      const openid = w.wechat.payer.newOpenid()
      openids.push(openid)
      const code = w.wechat.payer.login(openid)
      answers.push(await (await w.pay(ordercode, openid, code)).text())
      w.wechat.faults.inject({ endpoint: 'orderquery', kind: 'wrong_sign' })
      w.wechat.payer.pay(ordercode)
      for (const notice of [
        w.wechat.notices.ofPayments.xml(ordercode, { changes: { total_fee: '1' } }),
        w.wechat.notices.ofPayments.xml(ordercode, { stripSign: true }),
        w.wechat.notices.ofPayments.xml(ordercode),
      ]) {
        answers.push(await (await w.notify(notice)).text())
      }
      w.advance(60)
      await w.cron()
      await w.fetch(`/orders/${ordercode}`, { headers: { authorization: 'Bearer wrong-token' } })
      expect(JSON.stringify(w.log)).not.toContain(code)
    }
    await w.settled()

    const secrets = [
      '192006250b4c09247ec02edce69f6a2d',
      '00000000000000000000000000000000',
      'merchant-token-of-the-tests',
      'wrong-token',
      'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      'session_key',
    ]
    const logged = JSON.stringify(w.log)
    expect(w.log.length).toBeGreaterThan(10)
    expect(logged).not.toMatch(/<xml>|CDATA|[0-9A-F]{32}|prepay_id/)
    for (const secret of [...secrets, ...openids]) expect(logged).not.toContain(secret)
    for (const text of answers) {
      for (const secret of [...secrets, ...openids]) expect(text).not.toContain(secret)
    }
  })
})
