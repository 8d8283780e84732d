/** Bugs with which a stranger, another site or a viewer moves money from the console. */
import type { Mutant } from './mutant.ts'

const ACTING = ['test/stories/console/acting.test.ts']
const SIGN_IN = ['test/stories/console/sign-in.test.ts']
const PAGES = ['test/stories/console/pages.test.ts']

/** The mutants with bugs in the console. */
export const CONSOLE_MUTANTS: readonly Mutant[] = [
  {
    name: 'A form without the token of its session is obeyed',
    file: 'console/respond.ts',
    find: 'if (!isOwn || !isOwnForm(request, deps))',
    replace: 'if (session === undefined || !isOwnForm(request, deps))',
    tests: ACTING,
  },
  {
    name: 'A form of another site is obeyed',
    file: 'console/respond.ts',
    find: 'if (!isOwn || !isOwnForm(request, deps))',
    replace: 'if (!isOwn)',
    tests: ACTING,
  },
  {
    name: 'A viewer may refund',
    file: 'console/respond.ts',
    find: "session.role !== 'operator'",
    replace: 'false',
    tests: PAGES,
  },
  {
    name: 'A session has no end',
    file: 'console/http/session.ts',
    find: 'if (deps.now() >= (Number(expiry) as UnixSeconds)) return undefined',
    replace: '',
    tests: SIGN_IN,
  },
  {
    name: 'A refund from the console may take any number',
    file: 'console/parts/refund-input.ts',
    find: 'return isOurs ? typed : nextNumber(view)',
    replace: 'return typed || nextNumber(view)',
    tests: ACTING,
  },
  {
    name: 'A text of the shop becomes HTML',
    file: 'console/view/markup.ts',
    find: "if (typeof value === 'string') return escaped(value)",
    replace: "if (typeof value === 'string') return value",
    tests: PAGES,
  },
]
