/** WeChat's cashier over the mini program, and the dialogs of the client. */
import { el, icon, query, words, yuan } from './dom.ts'
import { control } from './server.ts'

/** An open cashier: where the second payer of a lesson goes. */
export type PaidAt = { outTradeNo: string; workerPay: string }

export type CashierView = {
  outTradeNo: string
  /** In fen. */
  totalFee: number
  body: string
  /** The money is taken even when WeChat has closed the order. */
  despiteClose: boolean
  /** Sets the faults that begin with the payment. */
  beforePaying: () => Promise<void>
  /** Only in the lesson with two payers. */
  payAsOther?: () => Promise<void>
}
type Paid = { ok: true } | { ok: false; why: string }

const TAKEN_MS = 900

const veil = (): HTMLElement => query('#veil')

/** Opens the cashier. Resolves when the payer has paid, rejects with WeChat's errMsg when the payer leaves. */
export function showCashier(view: CashierView): Promise<{ errMsg: string }> {
  const said = words().cashier
  return new Promise((resolve, reject) => {
    const problem = el('p', { class: 'problem', role: 'alert' })
    const pay = el('button', { type: 'button', class: 'pay', id: 'confirm' }, said.confirm)
    const close = el('button', { type: 'button', class: 'quiet', 'aria-label': said.close }, '✕')
    const poor = el('button', { type: 'button', class: 'quiet' }, said.poor)
    const leave = el('button', { type: 'button', class: 'quiet' }, said.leave)
    const other = el('button', { type: 'button', class: 'quiet', id: 'other' }, words().second)
    const buttons = [pay, close, poor, leave, other]
    const lock = (locked: boolean): void => buttons.forEach((each) => (each.disabled = locked))

    const takeMoney = async (): Promise<boolean> => {
      lock(true)
      await view.beforePaying()
      const order = { out_trade_no: view.outTradeNo, despite_close: view.despiteClose }
      const paid = await control<Paid>('pay', order)
      if (paid.ok) return true
      problem.textContent = paid.why
      lock(false)
      return false
    }
    pay.onclick = async () => {
      if (!(await takeMoney())) return
      await showTaken()
      resolve({ errMsg: 'requestPayment:ok' })
    }
    leave.onclick = async () => {
      if (await takeMoney()) showQuit() // the mini program never hears of it
    }
    poor.onclick = async () => {
      await control('insufficient-balance', { out_trade_no: view.outTradeNo })
      problem.textContent = said.tooPoor
    }
    other.onclick = async () => {
      lock(true)
      await view.payAsOther?.()
      other.remove()
      lock(false)
    }
    close.onclick = async () => {
      const { err_msg: errMsg } = await control<{ err_msg: string }>('cancel', {
        out_trade_no: view.outTradeNo,
      })
      hide()
      reject({ errMsg })
    }

    const amount = el('div', { class: 'amount' }, `¥${yuan(view.totalFee)}`)
    const list = el('dl', {}, term(said.goods, view.body), term(said.from, said.balance))
    const sheet = el(
      'div',
      { class: 'sheet', role: 'dialog', 'aria-label': said.label, tabindex: '-1' },
      el('header', {}, close, el('span', {}, said.method)),
      el('div', { class: 'to' }, '山雀咖啡'),
      amount,
      list,
      problem,
      pay,
      ...(view.payAsOther === undefined ? [] : [other]),
      el('div', { class: 'row' }, poor, leave),
    )
    show(sheet)
    sheet.focus({ preventScroll: true })
  })
}

/** The client's own "paid", which it shows before the mini program hears of it. It proves nothing. */
async function showTaken(): Promise<void> {
  const { taken, label } = words().cashier
  const attributes = { class: 'sheet taken', role: 'dialog', 'aria-label': label }
  show(el('div', attributes, icon('good'), el('b', {}, taken)))
  await new Promise((resolve) => setTimeout(resolve, TAKEN_MS))
  hide()
}

/** The dialog of the real client for a wrong paySign. Resolves when the payer has read it. */
export function showRefusal(): Promise<void> {
  const { refused, refusedText, ok } = words().cashier
  return new Promise((resolve) => {
    const button = el('button', { type: 'button', class: 'quiet', id: 'refused' }, ok)
    button.onclick = () => {
      hide()
      resolve()
    }
    show(dialog(el('b', {}, refused), el('p', {}, refusedText), button))
    button.focus({ preventScroll: true })
  })
}

/** The mini program was closed after the payment: its page no longer asks for the result. */
function showQuit(): void {
  const { quit, reopen } = words().cashier
  const frame = query<HTMLIFrameElement>('#screen')
  const button = el('button', { type: 'button', class: 'quiet', id: 'reopen' }, reopen)
  const { src } = frame
  frame.src = 'about:blank'
  button.onclick = () => {
    hide()
    frame.src = src
  }
  show(dialog(el('p', {}, quit), button))
}

const dialog = (...content: HTMLElement[]): HTMLElement =>
  el('div', { class: 'dialog', role: 'alertdialog', 'aria-label': words().phone }, ...content)

function show(content: HTMLElement): void {
  veil().replaceChildren(content)
  veil().hidden = false
}

/** Takes the cashier or the dialog away. */
export function hide(): void {
  veil().hidden = true
  veil().replaceChildren()
}

const term = (name: string, value: string): DocumentFragment => {
  const both = document.createDocumentFragment()
  both.append(el('dt', {}, name), el('dd', {}, value))
  return both
}
