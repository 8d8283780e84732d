/**
 * Fen as yuan, for the eye: 8800 is `88.00`. Amounts stay integers everywhere else.
 * @param {number} fen
 */
const yuan = (fen) => `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`

module.exports = { yuan }
