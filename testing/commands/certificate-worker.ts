/** A Worker that only passes on what it gets to WeChat: by WX_CERT under /secapi/, where it has that, else by itself. */
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
