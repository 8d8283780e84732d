import { LESSON_NAMES, LESSONS } from './lessons.ts'
import { type Language, WORDS, type Words } from './words.ts'

const LOCALE: Readonly<Record<Language, string>> = { zh: 'zh-CN', en: 'en' }

/** The page around the phone. Everything that moves in it is filled in by browser/page.ts. */
export function renderPage(language: Language, console: string | undefined): string {
  const words = WORDS[language]
  const other = language === 'zh' ? 'en' : 'zh'
  const lessons = LESSON_NAMES.map(
    (name) =>
      `<button type="button" data-lesson="${name}" aria-pressed="false">${LESSONS[name][language].title}</button>`,
  )
  const toConsole =
    console === undefined
      ? ''
      : `<a href="${console}" target="_blank" rel="noopener">${words.console}</a>`
  return `${head(LOCALE[language], `${words.title} · wxpay-edge`, '/_phone/phone.css')}
<body data-lang="${language}">
<header class="top">
<span class="brand"><b aria-hidden="true">¥</b>${words.brand}</span>
<div class="lessons" role="group" aria-label="${words.lessons}">${lessons.join('')}</div>
<span class="right">${toConsole}<a href="/?lang=${other}" lang="${LOCALE[other]}">${other === 'zh' ? '中文' : 'English'}</a><button type="button" class="btn" id="reset">${words.startOver}</button></span>
</header>
<main class="stage">
<h1 class="hidden">${words.title}</h1>
${device(words, language)}
<div class="middle">
<section class="card talk" aria-labelledby="h-talk"><h2 class="hidden" id="h-talk">${words.who}</h2>
<div class="lanes" aria-hidden="true">${words.lanes.map(([who, what]) => `<div><b>${who}</b><span>${what}</span></div>`).join('')}</div>
<div class="scroll" id="scroll" tabindex="0" role="group" aria-labelledby="h-talk"><ol class="msgs" id="messages" aria-live="polite"></ol></div>
<button type="button" class="btn newest" id="newest" hidden>${words.toNewest}</button>
<p class="caption" id="caption" role="status"></p></section>
<section class="card detail" id="detail" aria-live="off" hidden></section>
</div>
${faults(words)}
</main>
<script src="/_phone/page.js"></script>
</body></html>
`
}

/** The document inside the phone: the mini program alone, as wide as the screen. */
export function renderScreen(language: Language, pages: readonly string[]): string {
  const sheets = pages.map(
    (path) => `<link rel="stylesheet" href="/_phone/app/${path}.css" data-page="${path}">`,
  )
  return `${head(LOCALE[language], WORDS[language].phone, '/_phone/screen.css', '/_phone/app/app.css')}
${sheets.join('\n')}
<body data-lang="${language}"><main id="app"></main>
<script src="/_phone/app.js"></script>
<script src="/_phone/screen.js"></script>
</body></html>
`
}

const head = (lang: string, title: string, ...sheets: readonly string[]): string =>
  `<!doctype html>
<html lang="${lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><link rel="icon" href="data:,">
${sheets.map((href) => `<link rel="stylesheet" href="${href}">`).join('\n')}</head>`

const device = (
  words: Words,
  language: Language,
): string => `<section class="device" aria-label="${words.phone}"><div class="screen">
<div class="bar"><span id="phone-time">00:00</span><span aria-hidden="true">5G</span></div>
<div class="title"><span id="phone-title"></span><span class="capsule" aria-hidden="true"><span>•••</span><span>◎</span></span></div>
<iframe id="screen" title="${words.lanes[0]?.[1] ?? ''}" data-src="/_phone/screen?lang=${language}"></iframe>
<div class="veil" id="veil" hidden></div>
</div></section>`

function faults(words: Words): string {
  const box = (name: keyof Words['switches']): string =>
    `<label><input type="checkbox" name="${name}"> ${words.switches[name]}<span class="used" hidden>${words.used}</span></label>`
  const group = (legend: string, ...names: (keyof Words['switches'])[]): string =>
    `<fieldset><legend>${legend}</legend>${names.map(box).join('')}</fieldset>`
  const times = Object.entries(words.times).map(
    ([seconds, label]) =>
      `<button type="button" class="btn" data-seconds="${seconds}">${label}</button>`,
  )
  return `<aside class="card faults" aria-labelledby="h-faults"><header><h2 id="h-faults">${words.faults}</h2><p class="hint">${words.forThePayment}</p></header>
<form id="faults">
${group(words.groups.notice, 'lose', 'copies', 'late', 'forge')}
${group(words.groups.wechat, 'reply_lost', 'http_502', 'system_error', 'wrong_sign')}
${group(words.groups.others, 'paysign', 'other_payer', 'shop_down')}
<fieldset><legend>${words.groups.time}</legend><div class="clock"><span id="clock">00:00:00</span> <small>${words.beijing}</small></div><div class="times">${times.join('')}<button type="button" class="btn" id="bill">${words.bill}</button></div><p class="hint">${words.cronRuns}</p></fieldset>
</form></aside>`
}
