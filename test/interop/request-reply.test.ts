// REQ, REP and DEALER with libzmq at either end: the envelope, turns, answers that come late, twice, malformed or not at all.
import * as assert from 'uvu/assert'
import type { Player } from './support/player.ts'
import { against, type Stage } from './support/stage.ts'

const SIDES = [
  [true, 'our', "libzmq's"],
  [false, "libzmq's", 'our'],
] as const

async function dialled(
  stage: Stage,
  weAsk: boolean,
  options = {},
  answerer: 'REP' | 'ROUTER' = 'ROUTER',
): Promise<[Player, Player]> {
  const [req, router] = await stage.cast(weAsk, ['REQ', { routingId: 'req', ...options }], [answerer])
  await req.connect(await router.bind())
  return [req, router]
}

against('requests and replies', (test) => {
  for (const [weAsk, our, their] of SIDES) {
    test(`R1: ${our} REQ sends a delimiter and the body to ${their} ROUTER, with correlate four octets in front that count up`, async (stage) => {
      const [req, router] = await dialled(stage, weAsk)
      await req.send('a', '', 'b')
      assert.equal(await router.receive(), ['req', '', 'a', '', 'b'])
      await router.send('req', '', 'answer')
      assert.equal(await req.receive(), ['answer'])
      await req.set('correlate', true)
      const ids: number[] = []
      for (let n = 0; n < 2; n++) {
        await req.send('again')
        const [peer, id, ...rest] = await router.receive()
        assert.equal([peer, ...rest], ['req', '', 'again'])
        assert.is(id!.length, 4)
        ids.push(Buffer.from(id!, 'latin1').readUInt32BE(), Buffer.from(id!, 'latin1').readUInt32LE())
        await router.send('req', id!, '', 'answer')
        assert.equal(await req.receive(), ['answer'])
      }
      // In the order of octets that the sender likes.
      assert.ok([ids[0], ids[1]].some((first, i) => (first! + 1) >>> 0 === ids[2 + i]))
    })

    test(`R2: ${our} REQ and ${their} REP take turns, out of which a send fails with EFSM`, async (stage) => {
      const [req, rep] = await dialled(stage, weAsk, {}, 'REP')
      assert.is(await rep.trySend(['early']), 'EFSM')
      await req.send('question')
      assert.is(await req.trySend(['impatient']), 'EFSM')
      assert.equal(await rep.receive(), ['question'])
      await rep.send('answer')
      assert.is(await rep.trySend(['twice']), 'EFSM')
      assert.equal(await req.receive(), ['answer'])
      await req.send('next')
      assert.equal(await rep.receive(), ['next'])
    })

    test(`R4: ${our} REQ with relaxed and correlate skips the stale answer of ${their} ROUTER`, async (stage) => {
      const [req, router] = await dialled(stage, weAsk, { relaxed: true, correlate: true })
      await req.send('old')
      const old = await router.receive()
      await req.send('new')
      const fresh = await router.receive()
      await router.send(...old.slice(0, -1), 'stale')
      await router.send(...fresh.slice(0, -1), 'right')
      assert.equal(await req.receive(), ['right'])
      assert.is(await req.trySend(['after']), 'sent')
    })

    test(`R4: ${our} REQ with relaxed and correlate is answered by ${their} REP, again and again`, async (stage) => {
      const [req, rep] = await dialled(stage, weAsk, { relaxed: true, correlate: true }, 'REP')
      for (let n = 0; n < 5; n++) {
        await req.send(`question ${n}`)
        assert.equal(await rep.receive(), [`question ${n}`])
        await rep.send(`answer ${n}`)
        assert.equal(await req.receive(), [`answer ${n}`])
      }
    })

    test(`R5: ${our} REQ takes its answer from ${their} ROUTER that came back, though nothing is asked again`, async (stage) => {
      const [req, router] = await stage.cast(
        weAsk,
        ['REQ', { routingId: 'req', reconnectInterval: 20 }],
        ['ROUTER', { mandatory: true }],
      )
      const endpoint = await router.bind()
      await req.connect(endpoint)
      await req.send('question')
      assert.equal(await router.receive(), ['req', '', 'question'])
      await router.close()
      const successor = weAsk
        ? await stage.theirs('ROUTER', { mandatory: true })
        : await stage.ours('ROUTER', { mandatory: true })
      await successor.bindAgain(endpoint)
      await successor.send('req', '', 'answer')
      assert.equal(await req.receive(), ['answer'])
      assert.is(await successor.maybeReceive(50), undefined)
    })

    test(`R6: ${our} REQ asks two REPs of ${their} side in turn`, async (stage) => {
      const [req, one] = await stage.cast(weAsk, ['REQ'], ['REP'])
      const two = weAsk ? await stage.theirs('REP') : await stage.ours('REP')
      for (const rep of [one, two]) await req.connect(await rep.bind())
      for (const rep of [one, two, one, two]) {
        await req.send('?')
        assert.equal(await rep.receive(), ['?'])
        await rep.send(rep.name)
        assert.equal(await req.receive(), [rep.name])
      }
    })

    test(`R9: ${their} REP drops what ${our} DEALER sends without a delimiter, and serves the next request`, async (stage) => {
      const [dealer, rep] = await stage.cast(weAsk, ['DEALER'], ['REP'])
      await dealer.connect(await rep.bind())
      await dealer.send('no', 'delimiter')
      await dealer.send('hop', '', 'request')
      assert.equal(await rep.receive(), ['request'])
      await rep.send('answer')
      assert.equal(await dealer.receive(), ['hop', '', 'answer'])
    })

    test(`R10: ${their} REP answers ${our} REQ that has gone without an error, and serves the next one`, async (stage) => {
      const [gone, rep] = await stage.cast(weAsk, ['REQ'], ['REP'])
      const endpoint = await rep.bind()
      await gone.connect(endpoint)
      await gone.send('?')
      assert.equal(await rep.receive(), ['?'])
      await rep.watch()
      await gone.close()
      await rep.seen('disconnect')
      assert.is(await rep.trySend(['to nobody'], 1000), 'sent')
      const next = weAsk ? await stage.ours('REQ') : await stage.theirs('REQ')
      await next.connect(endpoint)
      await next.send('??')
      assert.equal(await rep.receive(), ['??'])
      await rep.send('to you')
      assert.equal(await next.receive(), ['to you'])
    })

    test(`R11: ${our} DEALER sends whole messages to two of ${their} side in turn, and receives from both`, async (stage) => {
      const [dealer, one] = await stage.cast(weAsk, ['DEALER'], ['DEALER'])
      const two = weAsk ? await stage.theirs('DEALER') : await stage.ours('DEALER')
      for (const other of [one, two]) {
        await dealer.connect(await other.bind())
        await other.send('here', other.name)
        assert.equal(await dealer.receive(), ['here', other.name])
      }
      for (let n = 0; n < 6; n++) await dealer.send(String(n), 'x')
      const got = [await one.texts(3), await two.texts(3)]
      assert.equal(got.flat().sort(), ['0 x', '1 x', '2 x', '3 x', '4 x', '5 x'])
      for (const texts of got) assert.is(Number(texts[2]![0]) - Number(texts[0]![0]), 4)
    })

    test(`R12: ${our} bound DEALER waits while nobody is there, and goes on when ${their} DEALER comes`, async (stage) => {
      const [dealer, other] = await stage.cast(weAsk, ['DEALER'], ['DEALER'])
      const endpoint = await dealer.bind()
      assert.is(await dealer.trySend(['early']), 'EAGAIN')
      // Both are told at once: for libzmq each command ends before the next one begins.
      const sent = weAsk ? dealer.send('patient') : undefined
      await other.connect(endpoint)
      await (sent ?? dealer.send('patient'))
      assert.equal(await other.receive(), ['patient'])
    })
  }

  test("R3: our REQ ignores an answer of libzmq's ROUTER that it did not ask this time", async (stage) => {
    const req = await stage.ours('REQ', { routingId: 'req' })
    const [asked, other] = [await stage.theirs('ROUTER'), await stage.theirs('ROUTER')]
    for (const router of [other, asked]) await req.connect(await router.bind())
    await req.send('1')
    assert.equal(await other.receive(), ['req', '', '1'])
    await other.send('req', '', 'answer 1')
    assert.equal(await req.receive(), ['answer 1'])
    await req.send('2')
    assert.equal(await asked.receive(), ['req', '', '2'])
    await other.send('req', '', 'unasked')
    assert.is(await req.maybeReceive(100), undefined)
    await asked.send('req', '', 'answer 2')
    assert.equal(await req.receive(), ['answer 2'])
  })

  test("R7: after a malformed answer of libzmq's ROUTER our REQ fails with EPROTO, dials again, and is answered", async (stage) => {
    const [req, router] = await stage.cast(true, ['REQ', { reconnectInterval: 20 }], ['ROUTER'])
    await req.connect(await router.bind())
    await req.send('1')
    const [before] = await router.receive()
    await router.send(before!, 'no delimiter')
    const failed = await req.receive().then(
      () => 'received',
      (error: NodeJS.ErrnoException) => error.code,
    )
    assert.is(failed, 'EPROTO')
    await req.send('2')
    const [after, ...question] = await router.receive()
    assert.equal(question, ['', '2'])
    await router.send(after!, '', 'answer 2')
    assert.equal(await req.receive(), ['answer 2'])
  })

  test('two REQs of libzmq with one identity are both served by our REP', async (stage) => {
    const rep = await stage.ours('REP')
    const endpoint = await rep.bind()
    for (const text of ['one', 'two']) {
      const req = await stage.theirs('REQ', { routingId: 'twin' })
      await req.connect(endpoint)
      await req.send(text)
      assert.equal(await rep.receive(), [text])
      await rep.send(`to ${text}`)
      assert.equal(await req.receive(), [`to ${text}`])
    }
  })

  for (const [who, weAsk, weAnswer] of [
    ['our REQ and our REP', true, true],
    ["our REQ and libzmq's REP", true, false],
    ["libzmq's REQ and our REP", false, true],
  ] as const) {
    test(`R8: ${who} talk through two hops of libzmq's ROUTER and DEALER`, async (stage) => {
      const inner = await stage.proxy()
      const outer = await stage.proxy(inner.front)
      const rep = weAnswer ? await stage.ours('REP') : await stage.theirs('REP')
      await rep.connect(inner.back)
      const reqs: Player[] = []
      for (let n = 0; n < 3; n++) {
        const req = weAsk ? await stage.ours('REQ') : await stage.theirs('REQ')
        await req.connect(outer.front)
        reqs.push(req)
      }
      for (const round of ['1', '2']) {
        for (const req of reqs) await req.send(req.name, '', round)
        for (let n = 0; n < reqs.length; n++) {
          const [name, empty, text] = await rep.receive()
          assert.equal([empty, text], ['', round])
          await rep.send('', 'for', name!)
        }
        for (const req of reqs) assert.equal(await req.receive(), ['', 'for', req.name])
      }
    })
  }
})
