// WeChat's web server, nginx, answers some errors with HTML pages, before the request reaches WeChat Pay.

/** The error page of nginx for a client that showed no certificate, or a wrong one. */
export function certificatePage(why: string): Response {
  const padding = '<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n'.repeat(6)
  const html = `<html>\r\n<head><title>400 ${why}</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n<center>${why}</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n${padding}`
  return new Response(html, { status: 400, headers: { 'Content-Type': 'text/html' } })
}

/** Any other error page of nginx. `title` begins with the HTTP status. */
export function htmlPage(status: number, title: string): Response {
  const html = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`
  return new Response(html, { status, headers: { 'Content-Type': 'text/html' } })
}
