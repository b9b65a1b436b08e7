"""`python -m sansheng` is `sansheng`."""

from sansheng.cli import main

if __name__ == "__main__":
    main()
