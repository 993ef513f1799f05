/**
 * The weights of `utf8mb4_general_ci` and `utf8_general_ci`: one 16-bit weight a character. All characters beyond the
 * basic plane weigh U+FFFD; within it a character weighs its own code point, but for 1,108 of them, mostly letters
 * that weigh what their capital without accents weighs. They are listed below as runs.
 *
 * The list was made from what TiDB 8.5 answers to `WEIGHT_STRING` for every character of the plane; an end-to-end test
 * (test/e2e/codec) asks it again and compares. The weights are MySQL's own and are frozen: indexes depend on them.
 *
 * A run is `first`, how it goes on with its length, `:` and the weight of the first, all in hexadecimal:
 * `=` the next characters weigh the same; `>` each weighs one more than the one before; `-` every second character
 * weighs the same; `}` every second character weighs two more.
 */
import { assert } from '../base/assert.js';

const RUNS = [
  '61>1a:41 b5:39c c0=6:41 c7:43 c8=4:45 cc=4:49 d1:4e d2=5:4f d9=4:55 dd:59 df:53 e0=6:41 e6:c6 e7:43',
  'e8=4:45 ec=4:49 f0:d0 f1:4e f2=5:4f f8:d8 f9=4:55 fd-2:59 fe:de 100=6:41 106=8:43 10e=2:44 111:110',
  '112=a:45 11c=8:47 124=2:48 127:126 128=a:49 133:132 134=2:4a 136=2:4b 139=6:4c 140}2:13f 143=6:4e',
  '14b:14a 14c=6:4f 153:152 154=6:52 15a=8:53 162=4:54 167:166 168=c:55 174=2:57 176=3:59 179=6:5a 17f:53',
  '183}2:182 188:187 18c:18b 192:191 195:1f6 199:198 1a0=2:4f 1a3}2:1a2 1a8:1a7 1ad:1ac 1af=2:55 1b4}2:1b3',
  '1b9:1b8 1bd:1bc 1bf:1f7 1c5=2:1c4 1c8=2:1c7 1cb=2:1ca 1cd=2:41 1cf=2:49 1d1=2:4f 1d3=a:55 1dd:18e',
  '1de=4:41 1e2=2:c6 1e5:1e4 1e6=2:47 1e8=2:4b 1ea=4:4f 1ee=2:1b7 1f0:4a 1f2=2:1f1 1f4=2:47 1f8=2:4e',
  '1fa=2:41 1fc=2:c6 1fe=2:d8 200=4:41 204=4:45 208=4:49 20c=4:4f 210=4:52 214=4:55 218=2:53 21a=2:54',
  '21d:21c 21e=2:48 223}2:222 226=2:41 228=2:45 22a=8:4f 232=2:59 253:181 254:186 256>2:189 259:18f 25b:190',
  '260:193 263:194 268:197 269:196 26f:19c 272:19d 275:19f 280:1a6 283:1a9 288:1ae 28a>2:1b1 292:1b7',
  '345:399 386:391 388:395 389:397 38a:399 38c:39f 38e:3a5 38f:3a9 390:399 3aa:399 3ab:3a5 3ac:391 3ad:395',
  '3ae:397 3af:399 3b0:3a5 3b1>11:391 3c2:3a3 3c3>7:3a3 3ca:399 3cb-2:3a5 3cc:39f 3ce:3a9 3d0:392 3d1:398',
  '3d3=2:3d2 3d5:3a6 3d6:3a0 3db}b:3da 3f0:39a 3f1:3a1 3f2:3a3 400=2:415 403:413 407:406 40c:41a 40d:418',
  '40e:423 430>20:410 450=2:415 452}5:402 453:413 455:405 457:406 459}2:409 45c:41a 45d:418 45e:423 45f:40f',
  '461}b:460 476=2:474 479}5:478 48d}1a:48c 4c1=2:416 4c4:4c3 4c8:4c7 4cc:4cb 4d0=4:410 4d5:4d4 4d6=2:415',
  '4d9=3:4d8 4dc=2:416 4de=2:417 4e1:4e0 4e2=4:418 4e6=2:41e 4e9=3:4e8 4ec=2:42d 4ee=6:423 4f4=2:427',
  '4f8=2:42b 561>26:531 1e00=2:41 1e02=6:42 1e08=2:43 1e0a=a:44 1e14=a:45 1e1e=2:46 1e20=2:47 1e22=a:48',
  '1e2c=4:49 1e30=6:4b 1e36=8:4c 1e3e=6:4d 1e44=8:4e 1e4c=8:4f 1e54=4:50 1e58=8:52 1e60=a:53 1e6a=8:54',
  '1e72=a:55 1e7c=4:56 1e80=a:57 1e8a=4:58 1e8e=2:59 1e90=6:5a 1e96:48 1e97:54 1e98:57 1e99:59 1e9b:53',
  '1ea0=18:41 1eb8=10:45 1ec8=4:49 1ecc=18:4f 1ee4=e:55 1ef2=8:59 1f00=10:391 1f10=6:395 1f18=6:395',
  '1f20=10:397 1f30=10:399 1f40=6:39f 1f48=6:39f 1f50=8:3a5 1f59-4:3a5 1f60=10:3a9 1f70:391 1f71:1fbb',
  '1f72}3:395 1f73}2:1fc9 1f77:1fdb 1f78:39f 1f79:1ff9 1f7a:3a5 1f7b:1feb 1f7c:3a9 1f7d:1ffb 1f80=10:391',
  '1f90=10:397 1fa0=10:3a9 1fb0-7:391 1fb1-2:391 1fb7-2:391 1fbe:399 1fc2=3:397 1fc6=2:397 1fc8}2:395',
  '1fcc:397 1fd0=3:399 1fd6=5:399 1fe0=3:3a5 1fe4=2:3a1 1fe6=5:3a5 1fec:3a1 1ff2=3:3a9 1ff6=2:3a9 1ff8:39f',
  '1ffa-2:3a9 2170>10:2160 24d0>1a:24b6 ff41>1a:ff21',
];

const RUN = /^([0-9a-f]+)(?:([=>\-}])([0-9a-f]+))?:([0-9a-f]+)$/;
const CHARACTERS = 0x1_0000;
const WEIGHT_BEYOND = 0xfffd;

let table: Uint16Array | undefined;

/** The weights of the basic plane by code point; built when first needed (128 KiB). Never write to it. */
export function generalCiWeights(): Uint16Array {
  table ??= expanded();
  return table;
}

/** The weight of any code point. */
export function generalCiWeight(weights: Uint16Array, rune: number): number {
  return rune < CHARACTERS ? weights[rune]! : WEIGHT_BEYOND;
}

function expanded(): Uint16Array {
  const weights = Uint16Array.from({ length: CHARACTERS }, (_, rune) => rune);
  for (const text of RUNS.flatMap((line) => line.split(' '))) {
    const run = RUN.exec(text);
    assert(run !== null, `run of weights ${text}`);
    const [, first = '', pattern = '=', length = '1', weight = ''] = run;
    const stride = pattern === '-' || pattern === '}' ? 2 : 1;
    const rise = pattern === '>' || pattern === '}' ? stride : 0;
    for (let i = 0; i < parseInt(length, 16); i++) {
      weights[parseInt(first, 16) + i * stride] = parseInt(weight, 16) + i * rise;
    }
  }
  return weights;
}
