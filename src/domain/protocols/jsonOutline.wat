;; Leaves members of a JSON document out, in place: see jsonOutline.ts. Assembled into jsonOutlineWasm.ts by
;; `node scripts/assembleOutline.ts`.
;;
;; Memory: names from 0 on, in slots of 32 bytes (the length, the kinds of values to leave out, two bytes of nothing, the
;; name), up to a slot of length 0; the document from $document on, and at least 16 bytes after it that belong to nothing.
(module
  (memory (export "memory") 1)
  (global $document (export "document") i32 (i32.const 1024))
  ;; A text of so many bytes, with its opening quote, is kept.
  (global $short i32 (i32.const 48))
  ;; Kinds of values, as the slots have them.
  (global $text i32 (i32.const 1))
  (global $object i32 (i32.const 2))
  (global $list i32 (i32.const 4))

  ;; Where the next quote stands, at or after $at; $end where none does before it.
  (func $find (param $at i32) (param $end i32) (result i32)
    (local $found i32)
    (loop $next
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (local.get $end))))
      (local.set $found
        (i8x16.bitmask (i8x16.eq (v128.load (local.get $at)) (i8x16.splat (i32.const 0x22)))))
      (if (i32.eqz (local.get $found))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (br $next))))
    (local.set $at (i32.add (local.get $at) (i32.ctz (local.get $found))))
    (select (local.get $at) (local.get $end) (i32.lt_u (local.get $at) (local.get $end))))

  ;; The quote that ends the string whose opening quote stands at $open; $end where it does not end.
  (func $closing (param $open i32) (param $end i32) (result i32)
    (local $close i32)
    (local $at i32)
    (local.set $close (local.get $open))
    (loop $next
      (local.set $close (call $find (i32.add (local.get $close) (i32.const 1)) (local.get $end)))
      (if (i32.ge_u (local.get $close) (local.get $end)) (then (return (local.get $end))))
      ;; A quote ends it unless it is escaped: by an odd number of backslashes.
      (local.set $at (local.get $close))
      (loop $escapes
        (local.set $at (i32.sub (local.get $at) (i32.const 1)))
        (br_if $escapes (i32.eq (i32.load8_u (local.get $at)) (i32.const 0x5c))))
      (br_if $next (i32.eqz (i32.and (i32.sub (local.get $close) (local.get $at)) (i32.const 1)))))
    (local.get $close))

  ;; The bracket that ends the object or list whose opening one stands at $at; $end where it does not end.
  (func $closingBracket (param $at i32) (param $end i32) (result i32)
    (local $bytes v128)
    (local $found i32)
    (local $byte i32)
    (local $depth i32)
    (loop $next
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (local.get $end))))
      (local.set $bytes (v128.load (local.get $at)))
      (local.set $found (i8x16.bitmask (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0x22)))))
      ;; This bit is all that a square bracket differs from a curly one by.
      (local.set $bytes (v128.or (local.get $bytes) (i8x16.splat (i32.const 0x20))))
      (local.set $found
        (i32.or
          (local.get $found)
          (i8x16.bitmask
            (v128.or
              (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0x7b)))
              (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0x7d)))))))
      (if (i32.eqz (local.get $found))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (br $next)))
      (local.set $at (i32.add (local.get $at) (i32.ctz (local.get $found))))
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (local.get $end))))
      (local.set $byte (i32.or (i32.load8_u (local.get $at)) (i32.const 0x20)))
      (if (i32.eq (local.get $byte) (i32.const 0x7b))
        (then (local.set $depth (i32.add (local.get $depth) (i32.const 1))))
        (else
          (if (i32.eq (local.get $byte) (i32.const 0x7d))
            (then
              (local.set $depth (i32.sub (local.get $depth) (i32.const 1)))
              (if (i32.eqz (local.get $depth)) (then (return (local.get $at)))))
            (else (local.set $at (call $closing (local.get $at) (local.get $end)))))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next))
    (unreachable))

  ;; The first byte at or after $at that is no white space.
  (func $pastSpace (param $at i32) (result i32)
    (local $byte i32)
    (loop $next
      (local.set $byte (i32.load8_u (local.get $at)))
      (if
        (i32.or
          (i32.eq (local.get $byte) (i32.const 0x20))
          (i32.le_u (i32.sub (local.get $byte) (i32.const 0x09)) (i32.const 4)))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $next))))
    (local.get $at))

  ;; Whether values of a kind are to be left out of the member whose name stands from $from up to $end.
  (func $isLeftOut (param $from i32) (param $end i32) (param $kind i32) (result i32)
    (local $slot i32)
    (local $length i32)
    (local $at i32)
    (local.set $length (i32.sub (local.get $end) (local.get $from)))
    (loop $slots
      (block $other
        (br_if $other (i32.ne (i32.load8_u (local.get $slot)) (local.get $length)))
        (br_if $other (i32.eqz (i32.and (i32.load8_u offset=1 (local.get $slot)) (local.get $kind))))
        (local.set $at (i32.const 0))
        (loop $bytes
          (br_if $other
            (i32.ne
              (i32.load8_u offset=4 (i32.add (local.get $slot) (local.get $at)))
              (i32.load8_u (i32.add (local.get $from) (local.get $at)))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br_if $bytes (i32.lt_u (local.get $at) (local.get $length))))
        (return (i32.const 1)))
      (local.set $slot (i32.add (local.get $slot) (i32.const 32)))
      (br_if $slots (i32.load8_u (local.get $slot))))
    (i32.const 0))

  ;; Leaves out of the document, of so many bytes, what the names say, and gives the length that is left; -1 where its quotes
  ;; and brackets are not those of JSON.
  (func (export "outline") (param $length i32) (result i32)
    (local $end i32)
    (local $from i32) ;; what has not been copied begins here
    (local $to i32) ;; and goes here
    (local $at i32)
    (local $name i32)
    (local $nameEnd i32)
    (local $close i32)
    (local $byte i32)
    (local $kind i32)
    (local.set $from (global.get $document))
    (local.set $to (local.get $from))
    (local.set $at (local.get $from))
    (local.set $end (i32.add (local.get $from) (local.get $length)))
    (i32.store8 (local.get $end) (i32.const 0)) ;; no white space
    (block $done
      (loop $strings
        (local.set $name (call $find (local.get $at) (local.get $end)))
        (br_if $done (i32.ge_u (local.get $name) (local.get $end)))
        (local.set $nameEnd (call $closing (local.get $name) (local.get $end)))
        (local.set $name (i32.add (local.get $name) (i32.const 1)))
        (local.set $at (call $pastSpace (i32.add (local.get $nameEnd) (i32.const 1))))
        (if (i32.ge_u (local.get $nameEnd) (local.get $end)) (then (return (i32.const -1))))
        (br_if $strings (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x3a)))
        (local.set $at (call $pastSpace (i32.add (local.get $at) (i32.const 1))))
        (local.set $byte (i32.load8_u (local.get $at)))
        (if (i32.eq (local.get $byte) (i32.const 0x22))
          (then
            (local.set $close (call $closing (local.get $at) (local.get $end)))
            (local.set $kind (global.get $text)))
          (else
            (br_if $strings (i32.ne (i32.or (local.get $byte) (i32.const 0x20)) (i32.const 0x7b)))
            (local.set $kind
              (select (global.get $object) (global.get $list) (i32.eq (local.get $byte) (i32.const 0x7b))))
            (br_if $strings
              (i32.eqz (call $isLeftOut (local.get $name) (local.get $nameEnd) (local.get $kind))))
            (local.set $close (call $closingBracket (local.get $at) (local.get $end)))))
        (if (i32.ge_u (local.get $close) (local.get $end)) (then (return (i32.const -1))))
        (block $kept
          (if (i32.eq (local.get $kind) (global.get $text))
            (then
              (br_if $kept (i32.lt_u (i32.sub (local.get $close) (local.get $at)) (global.get $short)))
              (br_if $kept
                (i32.eqz (call $isLeftOut (local.get $name) (local.get $nameEnd) (global.get $text))))))
          (local.set $at (i32.sub (i32.add (local.get $at) (i32.const 1)) (local.get $from)))
          (memory.copy (local.get $to) (local.get $from) (local.get $at))
          (local.set $to (i32.add (local.get $to) (local.get $at)))
          ;; A text leaves a dot, so that it is not taken for an empty one.
          (if (i32.eq (local.get $kind) (global.get $text))
            (then
              (i32.store8 (local.get $to) (i32.const 0x2e))
              (local.set $to (i32.add (local.get $to) (i32.const 1)))))
          (local.set $from (local.get $close)))
        (local.set $at (i32.add (local.get $close) (i32.const 1)))
        (br $strings)))
    (local.set $at (i32.sub (local.get $end) (local.get $from)))
    (memory.copy (local.get $to) (local.get $from) (local.get $at))
    (i32.sub (i32.add (local.get $to) (local.get $at)) (global.get $document))))
