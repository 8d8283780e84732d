/** A Worker that forwards every request to WeChat: under /secapi/ through WX_CERT if it has that binding, else with plain fetch. */
type Bindings = { WX_PAY_ORIGIN: string; WX_CERT?: Fetcher }

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url)
    if (pathname === '/health') return new Response('well')
    const url = env.WX_PAY_ORIGIN + pathname
    const init = { method: 'POST', body: await request.text() }
    return pathname.startsWith('/secapi/') && env.WX_CERT !== undefined
      ? env.WX_CERT.fetch(url, init)
      : fetch(url, init)
  },
} satisfies ExportedHandler<Bindings>
