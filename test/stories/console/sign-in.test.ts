import { describe, expect, it } from 'vitest'
import { consoleBrowser } from '../../../testing/console-browser.ts'
import { TOKEN, world, type WorldOptions } from '../../../testing/world.ts'
import { sha256Hex } from '../../../src/lib/text.ts'

const LI = 'op_li-wei-0123456789012345678901234567890123'
const WANG = 'op_wang-0123456789012345678901234567890123456'

const staffed = async (options: WorldOptions = {}) =>
  world({
    ...options,
    vars: {
      OPERATORS: JSON.stringify({
        'li.wei': { token_sha256: await sha256Hex(LI), role: 'operator' },
        wang: { token_sha256: await sha256Hex(WANG), role: 'viewer' },
      }),
      ...options.vars,
    },
  })

describe('signing in', () => {
  it("takes the shop's token and a name where there are no operators", async () => {
    const browser = consoleBrowser(world())
    expect(await browser.page('/console/sign-in')).toContain('MERCHANT_TOKEN')

    const signed = await browser.signIn(TOKEN, '阿梅')

    expect(signed.status).toBe(303)
    expect(signed.headers.get('location')).toBe('/console')
    expect(await browser.page('/console')).toContain('阿梅')
  })

  it("takes an operator's token, and the shop's no more, once there are operators", async () => {
    const browser = consoleBrowser(await staffed())
    expect((await browser.signIn(TOKEN, 'mei')).status).toBe(403)

    expect((await browser.signIn(LI, 'ignored')).status).toBe(303)
    const page = await browser.page('/console')
    expect(page).toContain('li.wei')
    expect(page).not.toContain('ignored')
  })

  it('gives the same answer to every wrong token, and logs no token', async () => {
    const w = world()
    const browser = consoleBrowser(w)
    const texts = []
    for (const token of ['', 'x', `${TOKEN}x`]) {
      const answer = await browser.signIn(token, 'mei')
      expect(answer.status).toBe(403)
      texts.push(await answer.text())
    }
    expect(new Set(texts).size).toBe(1)
    expect(JSON.stringify(w.log)).not.toContain(TOKEN)
  })

  it.each(['', 'shop', 'SYSTEM', 'a\u0000b', 'x'.repeat(33)])(
    'refuses the name %j',
    async (name) => {
      expect((await consoleBrowser(world()).signIn(TOKEN, name)).status).toBe(422)
    },
  )

  it('is limited by the address of the client', async () => {
    const seen: string[] = []
    const signIn = {
      async limit({ key }: { key: string }) {
        seen.push(key)
        return { success: seen.length <= 5 }
      },
    }
    const browser = consoleBrowser(world({ limits: { signIn } }))
    for (let tries = 0; tries < 5; tries++) await browser.signIn('wrong', 'mei')
    expect((await browser.signIn(TOKEN, 'mei')).status).toBe(429)
  })

  it('leads to the page that was asked for, and to no other site', async () => {
    const browser = consoleBrowser(world())
    const asked = await browser.send('/console/orders?tab=unpaid')
    expect(asked.status).toBe(303)
    expect(asked.headers.get('location')).toBe(
      '/console/sign-in?to=%2Fconsole%2Forders%3Ftab%3Dunpaid',
    )
    const leads = async (to: string) =>
      (await browser.signIn(TOKEN, 'mei', to)).headers.get('location')
    expect(await leads('/console/orders?tab=unpaid')).toBe('/console/orders?tab=unpaid')
    for (const to of [
      'https://evil.test/console',
      '//evil.test/console',
      '/\\evil.test/console',
      '/console/../pay',
      'javascript:alert(1)',
      '/consoles',
    ]) {
      expect(await leads(to), to).toBe('/console')
    }
  })

  it('needs the Origin of our own pages', async () => {
    const browser = consoleBrowser(world())
    for (const headers of [
      { origin: 'https://evil.test' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ]) {
      const answer = await browser.post('/console/sign-in', { token: TOKEN, name: 'mei' }, headers)
      expect(answer.status).toBe(403)
      expect(answer.headers.getSetCookie()).toEqual([])
    }
  })
})

describe('a session', () => {
  it('is a cookie that scripts and other sites cannot use', async () => {
    const signed = await consoleBrowser(world()).signIn()
    expect(signed.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^__Host-wxpay_console=[^;]+; HttpOnly; Secure; SameSite=Strict; Path=\/; Max-Age=28800$/,
      ),
    ])
    expect(signed.headers.getSetCookie().join()).not.toContain(TOKEN)
  })

  it('ends after eight hours, and at the sign-out', async () => {
    const w = world()
    const browser = consoleBrowser(w)
    await browser.signIn()
    w.advance(8 * 3_600 - 1)
    await browser.page('/console')
    w.advance(1)
    await browser.page('/console', 303)

    await browser.signIn()
    const out = await browser.submit('/console/sign-out')
    expect(out.text).toContain('Signed out')
    await browser.page('/console', 303)
  })

  it('is worth nothing when one character of its cookie is another', async () => {
    const w = world()
    const browser = consoleBrowser(w)
    await browser.signIn()
    const name = '__Host-wxpay_console'
    const value = browser.cookies.get(name) ?? ''
    for (let at = 0; at < value.length; at += 7) {
      const other = value[at] === '0' ? '1' : '0'
      browser.cookies.set(name, value.slice(0, at) + other + value.slice(at + 1))
      expect((await browser.send('/console')).status, `character ${at}`).toBe(303)
    }
  })

  it('survives the rotation of the token as long as the old one is accepted', async () => {
    const w = world()
    const browser = consoleBrowser(w)
    await browser.signIn()
    w.redeploy({
      MERCHANT_TOKEN: 'another-token-0123456789012345678901234',
      MERCHANT_TOKEN_OLD: TOKEN,
    })
    await browser.page('/console')
    w.redeploy({ MERCHANT_TOKEN: 'another-token-0123456789012345678901234' })
    await browser.page('/console', 303)
  })

  it('ends when its operator is removed, gets another token, or operators are introduced', async () => {
    const w = await staffed()
    const browser = consoleBrowser(w)
    await browser.signIn(LI)
    await browser.page('/console')
    w.redeploy({
      OPERATORS: JSON.stringify({ 'li.wei': { token_sha256: 'a'.repeat(64), role: 'operator' } }),
    })
    await browser.page('/console', 303)
    w.redeploy({ OPERATORS: '' })
    await browser.page('/console', 303)

    await browser.signIn(TOKEN, 'li.wei')
    await browser.page('/console')
    w.redeploy({
      OPERATORS: JSON.stringify({
        'li.wei': { token_sha256: await sha256Hex(LI), role: 'operator' },
      }),
    })
    await browser.page('/console', 303)
  })

  it('has the role that the operator has now, not the one of the sign-in', async () => {
    const w = await staffed()
    const browser = consoleBrowser(w)
    await browser.signIn(LI)
    w.redeploy({
      OPERATORS: JSON.stringify({
        'li.wei': { token_sha256: await sha256Hex(LI), role: 'viewer' },
      }),
    })
    expect(await browser.page('/console')).toContain('may only look')
  })

  it('means nothing to the interface for programs, and a bearer means nothing to the console', async () => {
    const w = world()
    const browser = consoleBrowser(w)
    await browser.signIn()
    expect((await browser.send('/orders')).status).toBe(401)
    expect((await w.shop('GET', '/console')).status).toBe(303)
  })

  it('is found by a link from another site: the page is asked for once more from here', async () => {
    const browser = consoleBrowser(world())
    const linked = await browser.send('/console', { headers: { 'sec-fetch-site': 'cross-site' } })
    expect(linked.status).toBe(200)
    expect(await linked.text()).toContain('http-equiv="refresh"')
    expect(
      (await browser.send('/console', { headers: { 'sec-fetch-site': 'same-origin' } })).status,
    ).toBe(303)
  })
})

describe('every page', () => {
  it('has the headers that keep scripts, frames and caches away', async () => {
    const browser = consoleBrowser(world())
    await browser.signIn()
    for (const path of ['/console', '/console/sign-in', '/console/nothing']) {
      const { headers } = await browser.send(path)
      expect(headers.get('content-security-policy')).toMatch(
        /^default-src 'none'; .*frame-ancestors 'none'$/,
      )
      expect(headers.get('content-security-policy')).not.toContain('unsafe')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('referrer-policy')).toBe('same-origin')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
    }
  })

  it('is in the language that was chosen, else in that of the browser, else in Chinese', async () => {
    const browser = consoleBrowser(world())
    browser.cookies.delete('wxpay_lang')
    const title = async (accept: string): Promise<string> => {
      const page = await browser.send('/console/sign-in', {
        headers: { 'accept-language': accept },
      })
      return /<h1[^>]*>([^<]*)/.exec(await page.text())?.[1] ?? ''
    }
    expect(await title('')).toBe('登录控制台')
    expect(await title('fr, en;q=0.5')).toBe('Sign in to the console')
    expect(await title('zh-CN,zh;q=0.9,en;q=0.8')).toBe('登录控制台')
    const chosen = await browser.send('/console/sign-in?to=/console/runs&lang=en')
    expect(chosen.headers.get('location')).toBe('/console/sign-in?to=%2Fconsole%2Fruns')
    expect(await title('zh-CN')).toBe('Sign in to the console')
  })

  it('names its style sheet and its script by the text, and the browser may keep it', async () => {
    const browser = consoleBrowser(world())
    const page = await browser.page('/console/sign-in')
    const address = /href="(\/console\/style-[0-9a-f]+\.css)"/.exec(page)?.[1] ?? ''
    const style = await browser.send(address)
    expect(style.headers.get('content-type')).toMatch(/^text\/css/)
    expect(style.headers.get('cache-control')).toContain('immutable')
    expect(await style.text()).toContain('--accent')
    expect((await browser.send('/console/style-000000000000.css')).status).toBe(303)

    await browser.signIn()
    const overview = await browser.page('/console')
    const script = /src="(\/console\/script-[0-9a-f]+\.js)"/.exec(overview)?.[1] ?? ''
    const sent = await browser.send(script)
    expect(sent.headers.get('content-type')).toMatch(/^text\/javascript/)
    expect(await sent.text()).toContain('addEventListener')
    expect(page).not.toContain('<script')
  })

  it('shows what failed when the database is away, and changes nothing', async () => {
    const w = world({
      wrapDb: (db) =>
        new Proxy(db, {
          get: (target, name): unknown =>
            name === 'batch'
              ? () => Promise.reject(new Error('D1_ERROR: overloaded'))
              : Reflect.get(target, name),
        }),
    })
    const browser = consoleBrowser(w)
    await browser.signIn()
    expect(await browser.page('/console/orders', 503)).toContain('nothing was changed')
  })
})

describe('the root of the Worker', () => {
  it('tells a person what this is, and programs what it told before', async () => {
    const w = world()
    const page = await w.fetch('/', {
      headers: { accept: 'text/html,*/*', 'accept-language': 'en' },
    })
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('href="/console"')
    const program = await w.fetch('/', { headers: { accept: '*/*' } })
    expect(program.status).toBe(404)
    expect(await program.json()).toMatchObject({ code: 'not_found' })
    const posted = await w.fetch('/', { method: 'POST', headers: { accept: 'text/html' } })
    expect(posted.status).toBe(404)
  })
})
