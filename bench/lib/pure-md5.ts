/**
 * Makes js-md5 compute in JavaScript, as it does in the Worker. In Node it would call OpenSSL, and the Worker's protocol
 * would look faster than it is. Import this file before any other.
 */
;(globalThis as { JS_MD5_NO_NODE_JS?: boolean }).JS_MD5_NO_NODE_JS = true
export {}
