/// The script of the pages: ages that grow, and a page that renews itself when the log moved. Everything works without it.
enum PageScript {
    static let text = """
        'use strict';
        (() => {
          const asof = () => document.getElementById('asof');
          // The server's clock is the one that ages are counted from; ours only measures how much time went by.
          let serverNow = Number(asof().dataset.now) / 1000, readAt = performance.now();
          let wanted = false, busy = false, away = false, triedAt = performance.now();

          const words = (seconds) => seconds < 120 ? seconds + ' s' : seconds < 7200 ? Math.floor(seconds / 60) + ' min'
            : seconds < 172800 ? Math.floor(seconds / 3600) + ' h' : Math.floor(seconds / 86400) + ' d';

          const say = (text, className) => {
            const live = document.getElementById('live');
            if (live.textContent !== text) live.textContent = text;
            live.className = className;
          };

          const grow = () => {
            const now = serverNow + performance.now() - readAt;
            for (const element of document.querySelectorAll('time.age')) {
              const seconds = Math.floor((now - Number(element.dataset.us) / 1000) / 1000);
              const text = seconds < 0 ? words(-seconds) + ' ahead of this clock' : seconds === 0 ? 'now' : words(seconds) + ' ago';
              if (element.textContent !== text) element.textContent = text;
            }
            if (away) say('not live: shown as of then', 'bad');
            document.body.classList.toggle('away', away);
          };

          // The browser parses the new page as a document of its own: no string of ours becomes markup.
          const renew = () => {
            if (busy || String(document.getSelection())) { wanted = true; return; }
            busy = true; wanted = false; triedAt = performance.now();
            const request = new XMLHttpRequest();
            request.open('GET', location.href);
            request.responseType = 'document';
            request.timeout = 10000;
            request.onload = () => {
              const page = request.response, main = page && page.getElementById('main');
              if (request.status !== 200 || !main) { away = true; return; }
              away = false;
              const focused = document.activeElement && document.activeElement.getAttribute('href');
              serverNow = Number(page.getElementById('asof').dataset.now) / 1000; readAt = performance.now();
              document.getElementById('main').replaceWith(document.adoptNode(main));
              asof().querySelector('time').replaceWith(document.adoptNode(page.querySelector('#asof time')));
              if (focused) {
                const link = [...document.querySelectorAll('main a')].find((one) => one.getAttribute('href') === focused);
                if (link) link.focus({ preventScroll: true });
              }
              say('live', 'good');
            };
            request.onerror = request.ontimeout = () => { away = true; };
            request.onloadend = () => { busy = false; grow(); };
            request.send();
          };

          const source = new EventSource('/events');
          source.addEventListener('advance', () => { wanted = true; });
          source.addEventListener('reset', () => { wanted = true; });
          source.addEventListener('away', () => { away = true; });
          source.onopen = () => { away = false; say('live', 'good'); };
          source.onerror = () => { away = true; };
          // Silence is news too: a row that was well must not go on looking well, so the page is judged anew at least every five seconds.
          setInterval(() => {
            if (!document.hidden && performance.now() - triedAt > (wanted ? 1500 : 5000)) renew();
            grow();
          }, 1000);
        })();

        """
}
